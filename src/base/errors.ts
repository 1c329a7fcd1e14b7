// Every error class of the daemon, and the one table that says what an error means: try again, or stop with an exit
// status and a remedy. Errors are recognised by class, SQLSTATE or code, never by the text of a message.

/** Bad usage of the command line. Exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export interface ConfigProblem {
  /** Where in the config: `endpoints[0].url`. */
  readonly path: string
  readonly message: string
}

/** The config file is wrong; every problem at once. Exit 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  constructor(
    readonly file: string,
    readonly problems: readonly ConfigProblem[],
    options?: ErrorOptions,
  ) {
    super(
      `${file}: ${problems.map((p) => (p.path === '' ? p.message : `${p.path}: ${p.message}`)).join('\n')}`,
      options,
    )
  }
}

/** A user's protocol file does not load. Exit 2. */
export class ProtocolLoadError extends Error {
  override readonly name = 'ProtocolLoadError'
  constructor(
    readonly file: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${message}`, options)
  }
}

/** The database cannot serve the daemon until somebody mends it. Exit 3. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError'
  /** It was there before, and a statement of somebody’s may bring it back: a daemon waits for it. */
  readonly mayPass: boolean
  constructor(
    /** One sentence: what was found. */
    readonly found: string,
    /** What mends it: SQL, a setting, or a config key. */
    readonly remedy: string,
    options?: ErrorOptions & { readonly mayPass?: boolean },
  ) {
    super(`${found}\n  to mend it: ${remedy}`, options)
    this.mayPass = options?.mayPass === true
  }
}

/** Why what the journal holds is not followed by what the server can give. */
export type GapKind =
  | 'journal is new'
  | 'another cluster'
  | 'server is behind'
  | 'another timeline'
  | 'another history'
  | 'slot is missing'
  | 'slot is lost'
  | 'slot is ahead'
  | 'publication changed'

export interface GapFacts {
  readonly kind: GapKind
  readonly slot: string
  /** One sentence. */
  readonly reason: string
  /** Printed LSNs; `unknown` where nobody can say. */
  readonly from: string
  readonly to: string
  /** Between the two; null where nobody can say. */
  readonly bytes: number | null
  /** ISO 8601; null: no commit was seen yet. */
  readonly lastCommitAt: string | null
  /** A table that has taken the name of a followed one: once the gap is accepted it is followed. */
  readonly table?: { readonly oid: number; readonly model: string }
}

/** What the journal holds is not followed by what the server can still give. Exit 4. */
export class GapError extends Error {
  override readonly name = 'GapError'
  constructor(
    readonly facts: GapFacts,
    readonly remedy: string,
  ) {
    const { slot, reason, from, to, bytes, lastCommitAt } = facts
    const size = bytes === null ? '' : `, ${bytes} bytes of WAL`
    super(
      `gap on slot "${slot}": ${reason}; changes from ${from} to ${to}${size} are not in the journal` +
        ` (last commit seen: ${lastCommitAt ?? 'none'})\n  to go on: ${remedy}`,
    )
  }
}

/** The replication stream broke in a way that a new connection mends: silence, a truncated frame, an early end. */
export class StreamError extends Error {
  override readonly name = 'StreamError'
  constructor(
    readonly code: 'SILENT' | 'ENDED' | 'MALFORMED' | 'NO_PRIMARY',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** The journal cannot be used as it is. Exit 1. */
export class JournalError extends Error {
  override readonly name = 'JournalError'
}

export type ExitStatus = 0 | 1 | 2 | 3 | 4

interface CodeMeaning {
  /** Null: it is tried again with backoff. */
  readonly exitStatus: ExitStatus | null
  readonly cause: string
  readonly remedy: string
}

/** Every code that is ours. What a database, a socket or TLS says keeps its own. Where an error names its remedy, that counts. */
export const errorCodes = {
  USAGE: { exitStatus: 2, cause: 'the command line asks for what cannot be', remedy: 'see --help' },
  CONFIG: { exitStatus: 2, cause: 'the config, or a file that it names, is wrong', remedy: 'correct the config file' },
  PROTOCOL: { exitStatus: 2, cause: 'a protocol does not load', remedy: 'correct the protocol file' },
  NOT_READY: { exitStatus: 3, cause: 'the database lacks what is needed', remedy: 'run `notifyd check`' },
  GAP: { exitStatus: 4, cause: 'the slot no longer holds what follows the journal', remedy: 'see `notifyd gaps list`' },
  JOURNAL: {
    exitStatus: 1,
    cause: 'the journal cannot be used as it is',
    remedy: 'see the message; nothing was acknowledged past the journal',
  },
  BUG: {
    exitStatus: 1,
    cause: 'something that nobody foresaw',
    remedy: 'this is a defect of notifyd: please report it with the stack trace',
  },
  SILENT: { exitStatus: null, cause: 'the server says nothing: a frozen network', remedy: 'look at the network' },
  ENDED: { exitStatus: null, cause: 'the server ended the stream', remedy: 'none is needed, unless it repeats' },
  MALFORMED: { exitStatus: null, cause: 'bytes that are no replication', remedy: 'connect without a pooler' },
  NO_PRIMARY: {
    exitStatus: null,
    cause: 'no host in database.url is the primary now',
    remedy: 'its `reason` says more',
  },
  CONNECTION: { exitStatus: null, cause: 'a connection that ended without a code', remedy: 'its `reason` says more' },
} as const satisfies Readonly<Record<string, CodeMeaning>>

export type ErrorCode = keyof typeof errorCodes
type StopCode = { [C in ErrorCode]: (typeof errorCodes)[C]['exitStatus'] extends null ? never : C }[ErrorCode]

export type Verdict =
  | { readonly tag: 'retry'; readonly code: string }
  | { readonly tag: 'stop'; readonly exitStatus: ExitStatus; readonly code: string; readonly remedy: string }

const stop = (code: StopCode, remedy: string = errorCodes[code].remedy): Verdict => {
  return { tag: 'stop', exitStatus: errorCodes[code].exitStatus, code, remedy }
}

const retry = (code: Exclude<ErrorCode, StopCode>): Verdict => ({ tag: 'retry', code })

const wrongAuthority =
  'the server’s certificate is not of an authority that is trusted here: give that authority’s certificate as database.tls.ca_file (PEM)'
const wrongDates = 'the server’s certificate is out of date (or this machine’s clock is wrong): renew it on the server'
const ourCertificate =
  'the server refuses our client certificate: look at database.tls.cert_file, and at ssl_ca_file on the server'

/** Codes of TLS (https://nodejs.org/api/tls.html#x509-certificate-error-codes): never a reason to go on without it. */
const ofTls: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: wrongAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: wrongAuthority,
  UNABLE_TO_GET_ISSUER_CERT: wrongAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: wrongAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: wrongAuthority,
  CERT_SIGNATURE_FAILURE: wrongAuthority,
  CERT_UNTRUSTED: wrongAuthority,
  CERT_REJECTED: wrongAuthority,
  CERT_REVOKED: 'the server’s certificate is revoked: renew it on the server',
  CERT_HAS_EXPIRED: wrongDates,
  CERT_NOT_YET_VALID: wrongDates,
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the server’s certificate is for another name: use in database.url the host that it names, or give the server one for this host',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: ourCertificate,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: ourCertificate,
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: ourCertificate,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: ourCertificate,
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: ourCertificate,
}

/** SQLSTATEs, and codes of TLS, that only a person can mend. Everything else that a database says is tried again. */
export const permanent: Readonly<Record<string, string>> = {
  '28P01':
    'the password is wrong, or there is no such role: correct database.url (or the variable it takes the password from), or make the role (`notifyd setup --print-sql`)',
  '28000':
    'the server refuses this role, this host or this way of connecting: look at pg_hba.conf and at the role in database.url; where it asks for TLS or a client certificate, at database.tls (cert_file and key_file)',
  '3D000': 'the database does not exist: correct its name in database.url',
  '42501': 'the role lacks a privilege: run `notifyd check`, it prints the GRANT',
  '42704': 'an object the daemon needs is missing: run `notifyd check`, it prints the SQL that makes it',
  '3F000': 'a schema is missing: correct models.*.table in the config',
  '42P01': 'a table is missing: correct models.*.table in the config',
  '42703': 'a column is missing: correct models.*.columns in the config',
  '42883':
    'columns that are held against each other have types that do not compare (appointment patient_id with patient id; the events’ note_id with appointment note_id): correct models.*.columns, or map a view as the patient table that casts its id',
  '53400': 'all replication slots are in use: raise max_replication_slots (restart needed) or drop an unused slot',
  '0A000': 'the server does not support what was asked: PostgreSQL 14 to 18 with wal_level = logical is needed',
  '55000': 'the server is not in the state that logical replication needs: run `notifyd check`',
  ...ofTls,
}

/** What to do about an error. Pure. Bugs (TypeError and the like) stop with status 1: retrying would repeat them. */
export function judge(error: unknown): Verdict {
  if (error instanceof UsageError) return stop('USAGE')
  if (error instanceof ConfigError) return stop('CONFIG')
  if (error instanceof ProtocolLoadError) return stop('PROTOCOL')
  if (error instanceof NotReadyError) return stop('NOT_READY', error.remedy)
  if (error instanceof GapError) return stop('GAP', error.remedy)
  if (error instanceof JournalError) return stop('JOURNAL')
  if (error instanceof StreamError) return retry(error.code)
  const code = errorCode(error)
  if (code === null) return isBug(error) ? stop('BUG') : retry('CONNECTION') // pg gives a cut connection no code
  const remedy = permanent[code]
  return remedy ? { tag: 'stop', exitStatus: 3, code, remedy } : { tag: 'retry', code }
}

const isBug = (error: unknown): boolean =>
  !(error instanceof Error) ||
  error instanceof TypeError ||
  error instanceof RangeError ||
  error instanceof ReferenceError ||
  error instanceof SyntaxError

/** The SQLSTATE or system code of an error; for an AggregateError (happy eyeballs) that of its first part; else null. */
export function errorCode(error: unknown): string | null {
  if (typeof error !== 'object' || error === null) return null
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code
  if (error instanceof AggregateError && error.errors.length > 0) return errorCode(error.errors[0])
  return null
}
