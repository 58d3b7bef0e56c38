DROP TABLE health_checks;
DROP TABLE sessions;
DROP TABLE users;
