// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of the config look like this
// How the config file is told what is wrong with it: each problem with its path, and never with a secret.
import { describe, expect, test } from 'vitest'
import { errorOf, load, problems, small, withEndpoint } from './support/config.js'

describe('a problem', () => {
  const cases: [config: unknown, ...expected: string[]][] = [
    [[], ': expected an object; found a list of 0 entries'],
    [{}, 'database: missing: expected an object', 'endpoints: missing: expected a list'],
    [{ ...small, endpoints: [] }, 'endpoints: expected at least 1 entry; found a list of 0 entries'],
    [
      { ...small, database: { url: 'mysql://h/d' } },
      'database.url: expected postgres://user:password@host:port/database, special characters as %XX; found a string of 11 characters',
    ],
    [
      { ...small, database: { ...small.database, slot: 'No-tify' } },
      'database.slot: expected a slot name: 1 to 63 of a–z, 0–9 and _; found "No-tify"',
    ],
    [
      { ...small, database: { ...small.database, tls: { key_file: 'k' } } },
      'database.tls: cert_file and key_file belong together: expected both or neither; found an object',
    ],
    [
      { ...small, journal: { url: 'postgresql://h/j' } },
      'journal.url: a PostgreSQL journal is not there yet: expected the path of a file; found a string of 16 characters',
    ],
    [
      { ...small, journal: { url: 'file:///j.db' } },
      'journal.url: expected the path of a file, not a URL; found a string of 12 characters',
    ],
    [{ ...small, journal: { retention_days: 0 } }, 'journal.retention_days: expected more than 0; found 0'],
    [{ ...small, note_states: { cld: 'cancelled' } }, 'note_states.cld: expected a note state of three capitals'],
    [
      { ...small, note_states: { CLD: 'gone' } },
      'note_states.CLD: expected one of "cancelled", "no_show", "reverted", "checked_in"; found "gone"',
    ],
    [{ ...small, http: true }, 'http: expected false or an object with host and port; found true'],
    [{ ...small, http: { port: 65_536 } }, 'http.port: expected at most 65535; found 65536'],
    [
      { ...small, url_policy: { allow_cidrs: ['10.0.0.0'] } },
      'url_policy.allow_cidrs[0]: expected a network like 10.1.0.0/16 or fd00::/8; found "10.0.0.0"',
    ],
    [
      { ...small, url_policy: { allow_hosts: ['[::1]', 'inside.example:443'] } },
      'url_policy.allow_hosts[1]: expected a host name or an address, without a port and without *; found "inside.example:443"',
    ],
    [
      { ...small, database: { url: `${small.database.url}?ssl=no-verify` } },
      'database.url: its ssl can only be true or false: use database.tls, or sslmode=verify-full; found a string of 50 characters',
    ],
    [
      { ...small, log: { level: 'loud' } },
      'log.level: expected one of "trace", "debug", "info", "warn", "error", "fatal", "silent"; found "loud"',
    ],
    [
      withEndpoint({ name: 'front desk' }),
      'endpoints[0].name: expected a name of A–Z, a–z, 0–9, “.”, “_” and “-”; found "front desk"',
    ],
    [
      withEndpoint({ url: '/hook' }),
      'endpoints[0].url: expected an absolute http:// or https:// URL without user, password and fragment; found a string of 5 characters',
    ],
    [
      withEndpoint({ url: 'https://u:p@h/' }),
      'endpoints[0].url: expected an absolute http:// or https:// URL without user, password and fragment; found a string of 14 characters',
    ],
    [
      withEndpoint({ secrets: ['whsec_AAAA'] }),
      'endpoints[0].secrets[0]: expected whsec_ and base64 of 24 to 64 bytes; found a string of 10 characters',
    ],
    [
      withEndpoint({ headers: { 'Webhook-Id': 'x' } }),
      'endpoints[0].headers.Webhook-Id: this header is set by notifyd itself',
    ],
    [withEndpoint({ headers: { 'x y': 'x' } }), 'endpoints[0].headers["x y"]: expected an HTTP header name'],
    [
      withEndpoint({ headers: { x: 'a\r\nb' } }),
      'endpoints[0].headers.x: expected a header value: one line, no control characters; found a string of 4 characters',
    ],
    [
      withEndpoint({ notifications: ['canceled'] }),
      'endpoints[0].notifications[0]: expected one of "created", "rescheduled", "cancelled", "no_show", "reverted", "checked_in"; found "canceled"',
    ],
    [withEndpoint({ concurrency: 1.5 }), 'endpoints[0].concurrency: expected a whole number; found 1.5'],
    [withEndpoint({ concurrency: 1025 }), 'endpoints[0].concurrency: expected at most 1024; found 1025'],
    [withEndpoint({ retry_seconds: [5, 0] }), 'endpoints[0].retry_seconds[1]: expected more than 0; found 0'],
    [
      withEndpoint({ proxy: 'socks5://h' }),
      'endpoints[0].proxy: expected the http:// or https:// URL of a proxy; found a string of 10 characters',
    ],
    [
      { ...small, endpoints: [small.endpoints[0], { ...small.endpoints[0] }] },
      'endpoints[1].name: expected a name of its own, but endpoints[0] has it; found "desk"',
    ],
  ]
  test.each(cases)('of %j is told with path, found and expected', async (config, ...expected) => {
    expect(await problems(config)).toEqual(expected)
  })

  test.each(['https://u@h/', 'https://:p@h/', 'https://h/#x', 'https://', 'ftp://h/', 'h/x'])(
    'is the URL %s',
    async (url) => {
      expect(await problems(withEndpoint({ url }))).toEqual([
        expect.stringMatching(/^endpoints\[0\]\.url: expected an abs/),
      ])
    },
  )

  test.each([
    [23, 1],
    [24, 0],
    [25, 0],
    [64, 0],
    [65, 1],
  ])('is a secret of %i bytes: %i', async (bytes, count) => {
    const secrets = [`whsec_${Buffer.alloc(bytes, 255).toString('base64')}`, 'whsec_no']
    expect(await problems(withEndpoint({ secrets }))).toHaveLength(count + 1)
  })

  test('of an unknown key offers the nearest known one', async () => {
    const config = {
      ...withEndpoint({ retry_second: [], zzz: 1, ulr: 'x' }),
      jurnal: {},
      foo: 1,
      http: { prt: 1, http: 1 },
    }
    const found = await problems(config)
    expect(found.map((line) => line.replace(/ expected one of .*/, ''))).toEqual([
      'endpoints[0].retry_second: unknown key; did you mean "retry_seconds"?',
      'endpoints[0].zzz: unknown key;',
      'endpoints[0].ulr: unknown key; did you mean "url"?',
      'http.prt: unknown key; did you mean "port"?',
      'http.http: unknown key;',
      'jurnal: unknown key; did you mean "journal"?',
      'foo: unknown key;',
    ])
    expect(found[3]).toMatch(/expected one of host, port$/)
  })

  test('never quotes a secret, nor what a placeholder stood for', async () => {
    const secretText = 'topsecret'
    const config = {
      database: { url: `mysql://u:${secretText}@h`, slot: '${LEAK}', publication: 'ok' },
      journal: { url: `postgres://u:${secretText}@h` },
      models: {
        appointment: { table: '${LEAK}', columns: { id: 'a', note_id: '${LEAK}' }, exclude_columns: ['${LEAK}'] },
      },
      endpoints: [
        {
          name: 'topsecret desk'.replace('topsecret', '${LEAK}'),
          url: `https://u:${secretText}@h/`,
          secrets: [secretText, { secretText }, '${LEAK}'],
          headers: { authorization: `${secretText}\n`, x: [secretText] },
          proxy: `ftp://${secretText}@h`,
          concurrency: '${LEAK}',
          tls: { ca_file: ['${LEAK}'] },
        },
      ],
      settings: secretText,
      log: { level: '${LEAK}' },
    }
    const error = await errorOf(load(config, { LEAK: `${secretText} X` }))
    expect(error.problems.length).toBeGreaterThan(12)
    expect(`${error.message}${error.stack}${JSON.stringify(error)}${error.cause}`).not.toContain(secretText)
  })
})
