-- Why: the number of an epoch goes up by a random step. Two servers, one of which did not know of the other's last epoch, could give
-- the same number to two instances, and both would have led. The comment said that it counts holders.

COMMENT ON COLUMN leases.epoch IS
    'Goes up with each holder, by a random step; whoever led in an earlier epoch writes nothing more.';
