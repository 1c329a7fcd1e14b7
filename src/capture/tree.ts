// A partitioned table with all that is below it, as SQL. Owns that looking at it locks none of the application's tables.

/**
 * SQL: `relid` of the partitioned table `c` and of all below it. Unlike pg_partition_tree it locks none of them: a look that holds
 * partitions and then asks for their root makes the application's DETACH fail by a deadlock.
 */
export const treeOf = (c: string) => `(
  WITH RECURSIVE below AS (
    SELECT ${c}.oid AS relid WHERE ${c}.relkind = 'p'
     UNION ALL
    SELECT h.inhrelid FROM below JOIN pg_inherits h ON h.inhparent = below.relid WHERE NOT h.inhdetachpending)
  SELECT relid FROM below)`
