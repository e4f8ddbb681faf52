-- Keys and journal are never in one database: a copy of it would have both.
CREATE DATABASE keys;
CREATE DATABASE read_models;
