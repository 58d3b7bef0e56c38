-- The one service whose writes count: its row, 1, has a token that each start makes anew.
CREATE TABLE lock_holders (
    id    BIGINT PRIMARY KEY,
    token BLOB NOT NULL
);
