COMMENT ON COLUMN leases.epoch IS
    'How often the lease has had another holder; whoever led in an earlier epoch writes nothing more.';
