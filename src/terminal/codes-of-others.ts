// Codes in the log that are not ours, and after which the daemon goes on by itself: SQLSTATEs, and those of the system. Those that
// end it have their remedies in base/errors.ts.

export const codesOfOthers: Readonly<Record<string, string>> = {
  '55006': 'another daemon streams from the slot: this one stands by',
  '55P03': 'setup waited for a lock that a transaction holds: try again when it has ended',
  '57P01': 'the server stops, or an administrator ended the connection',
  '57P02': 'the server crashed and starts again',
  '57P03': 'the server starts, or stops',
  '53300': 'all connections are in use: raise max_connections, or look who has them',
  '08P01':
    'bytes that are no PostgreSQL’s, or a pooler that refuses what a server takes: name the server itself in database.url',
  XX000: 'the server failed, or a pooler before it did: its reason says more',
  '08006': 'the connection broke',
  '08001': 'the server does not take connections',
  '58P01': 'the server misses a file of its WAL: run `notifyd check`',
  ECONNREFUSED: 'nobody listens there: is it up, are host and port right?',
  ECONNRESET: 'the other side dropped the connection',
  EPIPE: 'the same',
  ETIMEDOUT: 'no answer: a firewall, or a network that is frozen',
  EHOSTUNREACH: 'no way to that host',
  ENETUNREACH: 'no way to that network',
  ENOTFOUND: 'the name is not in DNS',
  EAI_AGAIN: 'DNS does not answer',
  EADDRINUSE: 'another process has the port of http',
  EACCES: 'this user may not do that to the file',
  ENOENT: 'the file is not there',
  ENOTDIR: 'a folder was expected, and a file is there',
  ENOSPC: 'the disk is full',
  ERR_SQLITE_ERROR: 'the disk of the journal is full or failing, or another process holds its file',
}
