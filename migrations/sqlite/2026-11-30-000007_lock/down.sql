DROP TABLE lock_holders;
