-- Row numbers that the gate rejected, with the first reason that holds.
create or replace transient table {{ rejects }} (
    _row_number number(18, 0),
    _reason varchar
)
