// Every class of failure that an attempt can have, beside `http` and a status: a row of docs/errors.md each. What the HTTP
// client, TLS or the system says in goes out as one of these, so that no operator meets a word that no page explains.

interface AttemptErrorMeaning {
  readonly cause: string
  readonly todo: string
}

export const attemptErrors = {
  timeout: {
    cause: 'no whole answer within timeout_ms, or no connection',
    todo: 'is the receiver slow? raise timeout_ms',
  },
  'connection closed': { cause: 'the receiver, or what lies between, closed it before the answer', todo: 'look there' },
  'unreadable answer': {
    cause: 'what came back is no HTTP/1.1, or contradicts itself before its headers end',
    todo: 'is the URL that of the receiver, with http or https as it speaks? look at its answer with curl -i',
  },
  'answer headers too large': { cause: 'more than 64 KiB of headers', todo: 'have the receiver send fewer' },
  'refused by the proxy': {
    cause: 'the proxy does not let us through',
    todo: 'look at its rules, and at the user in its URL',
  },
  'refused address': {
    cause: 'the name stands for an address that url_policy does not allow',
    todo: 'url_policy.allow_hosts or allow_cidrs, where it is meant',
  },
  'damaged in the journal': {
    cause:
      'what the journal holds of it is not what was owed (its checksum): the disk, or memory, has changed it. It was never sent',
    todo: '`notifyd replay --recompute --from` its LSN computes and sends it anew; look at the disk',
  },
  'invalid request': {
    cause:
      'the HTTP client refuses what it is to send: a header of the config or of a protocol that HTTP does not allow',
    todo: 'look at the headers that a protocol gives',
  },
  'TLS failed': { cause: 'no TLS came about, for a reason that is not in the list below', todo: 'run `notifyd check`' },
  'transport error': {
    cause: 'an error of the system that is not in the list below',
    todo: 'look at the receiver and at the network',
  },
} as const satisfies Readonly<Record<string, AttemptErrorMeaning>>

export type AttemptError = keyof typeof attemptErrors

const certificate = 'endpoints[…].tls.ca_file, or a certificate of a known authority at the receiver'

/** Codes of the system and of TLS that stand for themselves. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
export const attemptCodes = {
  ECONNREFUSED: { cause: 'nobody listens there', todo: 'is the receiver up, are host and port right?' },
  ECONNRESET: { cause: 'the receiver, or what lies between, dropped the connection', todo: 'look there' },
  ECONNABORTED: { cause: 'this machine gave the connection up', todo: 'look at the network' },
  EPIPE: { cause: 'the receiver closed the connection while it was sent to', todo: 'look there' },
  ETIMEDOUT: { cause: 'no answer: a firewall, or a network that is frozen', todo: 'look at the network' },
  EHOSTUNREACH: { cause: 'no way to that host', todo: 'look at the network' },
  EHOSTDOWN: { cause: 'that host is down', todo: 'look at the receiver' },
  ENETUNREACH: { cause: 'no way to that network', todo: 'look at routes and firewalls' },
  ENETDOWN: { cause: 'the network is down', todo: 'look at this machine’s network' },
  EADDRNOTAVAIL: { cause: 'no address or port is left to connect from', todo: 'look at this machine’s network' },
  EACCES: { cause: 'this machine does not let the daemon connect there', todo: 'look at its firewall' },
  EPERM: { cause: 'the same', todo: 'the same' },
  EPROTO: { cause: 'what came back is no TLS', todo: 'does the receiver speak https at that port?' },
  ENOTFOUND: { cause: 'the name is not in DNS', todo: 'correct the URL, or DNS' },
  ENODATA: { cause: 'the name has no address in DNS', todo: 'correct the URL, or DNS' },
  EAI_AGAIN: { cause: 'DNS does not answer', todo: 'look at this machine’s DNS' },
  EAI_FAIL: { cause: 'DNS failed', todo: 'the same' },
  CERT_HAS_EXPIRED: { cause: 'the receiver’s certificate has expired', todo: 'have it renewed' },
  CERT_NOT_YET_VALID: { cause: 'its certificate is not valid yet', todo: 'is this machine’s clock right?' },
  CERT_REVOKED: { cause: 'its certificate is revoked', todo: 'have it renewed' },
  CERT_UNTRUSTED: { cause: 'its certificate is not trusted', todo: certificate },
  CERT_REJECTED: { cause: 'the same', todo: 'the same' },
  CERT_SIGNATURE_FAILURE: { cause: 'its certificate is not what its authority signed', todo: certificate },
  DEPTH_ZERO_SELF_SIGNED_CERT: { cause: 'it signed its certificate itself', todo: certificate },
  SELF_SIGNED_CERT_IN_CHAIN: { cause: 'an unknown authority signed its certificate', todo: certificate },
  UNABLE_TO_GET_ISSUER_CERT: { cause: 'the same', todo: 'the same' },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { cause: 'the same', todo: 'the same' },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    cause: 'the same, or it does not send the certificates between',
    todo: `${certificate}; have it send its whole chain`,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    cause: 'its certificate is for another name',
    todo: 'use the host that the certificate names',
  },
  ERR_SSL_WRONG_VERSION_NUMBER: {
    cause: 'what came back is no TLS',
    todo: 'does the receiver speak https at that port?',
  },
} as const satisfies Readonly<Record<string, AttemptErrorMeaning>>

export type AttemptCode = keyof typeof attemptCodes

const ofUndici: Readonly<Record<string, AttemptError>> = {
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_SOCKET: 'connection closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'unreadable answer',
  UND_ERR_HEADERS_OVERFLOW: 'answer headers too large',
  UND_ERR_INVALID_ARG: 'invalid request',
  UND_ERR_NOT_SUPPORTED: 'invalid request',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'invalid request',
  UND_ERR_ABORTED: 'refused by the proxy', // what we abort ourselves has ended before
  UND_ERR_PRX_TLS: 'refused by the proxy',
}

/** The class of a failure by its code. */
export function classOfCode(code: string): AttemptError | AttemptCode {
  if (Object.hasOwn(attemptCodes, code)) return code as AttemptCode
  const known = ofUndici[code]
  if (known !== undefined) return known
  if (/^(?:ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|CRL_)|CERT|SIGNATURE/.test(code)) return 'TLS failed'
  return 'transport error'
}

/**
 * What this machine has run out of: nothing was sent, and nothing is known of the endpoint. No attempt, and so nothing that an
 * attempt's `error` can be.
 */
export const oursAlone = {
  EMFILE: 'the daemon has no file descriptor left: raise its limit (LimitNOFILE in its unit, ulimit -n)',
  ENFILE: 'this machine has no file descriptor left: look which process has them (fs.file-max)',
  ENOBUFS: 'this machine has no memory for sockets left',
  ENOMEM: 'this machine has no memory left',
} as const

export type OursAlone = keyof typeof oursAlone

export const isOursAlone = (code: string | null): code is OursAlone => code !== null && Object.hasOwn(oursAlone, code)
