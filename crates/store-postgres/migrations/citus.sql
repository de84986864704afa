-- Spreads the tables over the workers of a Citus cluster. What grows with the
-- numbers is spread by its key; what every request reads is copied everywhere.
SELECT create_distributed_table('numbers', 'e164');
SELECT create_distributed_table('number_events', 'e164', colocate_with => 'numbers');
SELECT create_distributed_table('account_numbers', 'account_id', colocate_with => 'none');
SELECT create_distributed_table('account_counters', 'account_id', colocate_with => 'account_numbers');
SELECT create_distributed_table('account_events', 'account_id', colocate_with => 'account_numbers');
SELECT create_distributed_table('documents', 'id', colocate_with => 'none');
SELECT create_reference_table('accounts');
SELECT create_reference_table('account_tree');
SELECT create_reference_table('users');
SELECT create_reference_table('claims');
SELECT create_reference_table('settings');
SELECT create_reference_table('state_counters');
SELECT create_reference_table('data_sets');
SELECT create_reference_table('data_parts');
