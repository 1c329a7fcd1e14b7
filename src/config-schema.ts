// The one schema of the config file (spec section 11). In: the parsed JSON with its placeholders replaced. Out: `Config`,
// every key present. Objects are strict: an unknown key is an error. Editors get it as config.schema.json.
import * as z from 'zod'
import { hostsProblem, hostUrls } from './capture/hosts.js'
import { notificationNames } from './compute/appointment-notification.js'
import { modelsSchema } from './config-models.js'
import { canonicalHost } from './send/url-policy.js'

export { parseTableName, type TableName } from './config-models.js'

const secretPattern = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/
const httpUrlHelp = 'expected an absolute http:// or https:// URL without user, password and fragment'
const oneDayS = 86_400

const filePath = (help: string) => z.string().min(1).describe(`${help} A relative path is relative to this file.`)
const positiveMs = z.int().min(1).max(600_000)

const tls = z
  .strictObject({
    ca_file: z.exactOptional(filePath('Certificates (PEM) of the authorities to trust.')),
    cert_file: z.exactOptional(filePath('Our own certificate (PEM).')),
    key_file: z.exactOptional(filePath('The key (PEM) of our own certificate.')),
  })
  .refine((files) => (files.cert_file === undefined) === (files.key_file === undefined), {
    error: 'cert_file and key_file belong together: expected both or neither',
  })
  .nullable()
  .default(null)
  .describe('TLS with certificates of your own; null: what the URL and the system’s authorities say.')

const httpUrl = z.string().refine(isHttpUrl, { error: httpUrlHelp })

function isHttpUrl(text: string): boolean {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return false
  const url = new URL(text)
  return url.username === '' && url.password === '' && url.hash === ''
}

/** A Unix-socket URL (`postgres:///db?host=/run/postgresql`) has no host, which WHATWG URLs cannot say. */
const isDatabaseUrl = (text: string) =>
  hostUrls(text).every(
    (url) => /^postgres(ql)?:\/\//i.test(url) && URL.canParse(url.replace(/^(\w+:\/\/(?:[^@/]*@)?)\//, '$1localhost/')),
  )

const isSecret = (text: string) => {
  const bytes = Buffer.from(secretPattern.exec(text)?.[1] ?? '', 'base64').length
  return bytes >= 24 && bytes <= 64
}

const database = z.strictObject({
  url: z
    .string()
    .refine(isDatabaseUrl, { error: 'expected postgres://user:password@host:port/database, special characters as %XX' })
    .superRefine((url, context) => {
      const message = hostsProblem(url)
      if (message !== null) context.addIssue({ code: 'custom', message })
    })
    // pg takes any other text for no TLS at all
    .refine((url) => !/[?&]ssl=(?!(?:true|false|1|0)(?:&|$))/i.test(url), {
      error: 'its ssl can only be true or false: use database.tls, or sslmode=verify-full',
    })
    .describe(
      'The clinical database, as a role with LOGIN and REPLICATION. Of several hosts (h1:5432,h2:5432) the primary is taken.',
    ),
  slot: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/, 'expected a slot name: 1 to 63 of a–z, 0–9 and _')
    .default('notifyd')
    .describe('The replication slot; made on the very first start.'),
  failover: z
    .boolean()
    .default(true)
    .describe(
      'From PostgreSQL 17 on: the slot is made as a failover slot, which standbys that synchronize slots have too.',
    ),
  publication: z.string().min(1).max(63).default('notifyd').describe('The publication; `notifyd setup` makes it.'),
  tls,
})

const journal = z.strictObject({
  url: z
    .string()
    .min(1)
    .refine((url) => !/^postgres(ql)?:\/\//i.test(url), {
      error: 'a PostgreSQL journal is not there yet: expected the path of a file',
    })
    .refine((url) => /^postgres/i.test(url) || !/^[a-z][a-z0-9+.-]*:\/\//i.test(url), {
      error: 'expected the path of a file, not a URL',
    })
    .default('./data/journal.db')
    .describe('The journal’s file, on a local disk. A relative path is relative to this file.'),
  retention_days: z.number().positive().default(7).describe('What is settled is pruned at this age, in days.'),
  audit_days: z
    .number()
    .positive()
    .default(2190)
    .describe('The record of what was sent to whom, without content, is pruned at this age, in days.'),
  image_days: z
    .number()
    .positive()
    .default(400)
    .describe('The last image of an appointment is pruned so many days after its end, unless something of it is owed.'),
})

const ownHeader = /^(?:webhook-.*|notification-.*|host|content-length|transfer-encoding|connection)$/i

const headers = z
  .record(
    z
      .string()
      .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'expected an HTTP header name')
      .refine((name) => !ownHeader.test(name), { error: 'this header is set by notifyd itself' }),
    z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'expected a header value: one line, no control characters'),
  )
  .default({})
  .describe('Headers of every POST, beside those of notifyd itself.')

const endpoint = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/, 'expected a name of A–Z, a–z, 0–9, “.”, “_” and “-”')
    .describe('Its name in logs, metrics, commands and send_notification. Ids depend on it: do not rename.'),
  url: httpUrl.describe('Where to POST.'),
  secrets: z
    .array(z.string().refine(isSecret, { error: 'expected whsec_ and base64 of 24 to 64 bytes' }))
    .default([])
    .describe('Signing secrets, whsec_ and base64. Several during a rotation: the request is signed with each.'),
  headers,
  notifications: z
    .array(z.enum(notificationNames))
    .default([...notificationNames])
    .describe('Which of the six notifications it gets; none: only what your own protocols send to it.'),
  enabled: z.boolean().default(true).describe('false: keep owing, send nothing.'),
  tls,
  proxy: z
    .string()
    .refine(isProxyUrl, { error: 'expected the http:// or https:// URL of a proxy' })
    .nullable()
    .default(null)
    .describe('An HTTP proxy to dial through; null: for https the environment’s HTTPS_PROXY, but for NO_PROXY.'),
  concurrency: z.int().min(1).max(1024).default(16).describe('Requests open at a time.'),
  timeout_ms: positiveMs.default(15_000).describe('For one whole exchange.'),
  retry_seconds: z
    .array(
      z
        .number()
        .positive()
        .max(30 * oneDayS),
    )
    .max(100)
    .default([5, 30, 120, 600, 1800, 7200, 18_000, 36_000, 50_400, 72_000, oneDayS])
    .describe('Waits between the attempts, each ±20 %; after the last it is a dead letter.'),
  gap_notices: z.boolean().default(false).describe('Also send a `gap` notification when changes, or rows, were lost.'),
})

/** A proxy may carry its credentials in the URL: there is no other place for them. */
function isProxyUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text)
}

const endpoints = z
  .array(endpoint)
  .min(1)
  .superRefine(
    (all, context) => {
      const first = new Map<string, number>()
      for (const [index, entry] of all.entries()) {
        const { data: name } = endpoint.shape.name.safeParse(entry?.name)
        if (name === undefined) continue
        const earlier = first.get(name)
        const message = `expected a name of its own, but endpoints[${earlier}] has it`
        if (earlier !== undefined) context.addIssue({ code: 'custom', path: [index, 'name'], message })
        else first.set(name, index)
      }
    },
    { when: ({ value }) => Array.isArray(value) }, // also when some endpoint has other problems: all at once
  )
  .describe('Who is notified. The built-in protocol serves all of them.')

const hostHelp = 'expected a host name or an address, without a port and without *'

const urlPolicy = z.strictObject({
  allow_http: z.boolean().default(false).describe('Allow http:// to hosts other than loopback.'),
  allow_hosts: z
    .array(
      z
        .string()
        .regex(/^[^\s/@?#*]+$/, { error: hostHelp, abort: true })
        .refine((host) => canonicalHost(host) !== null, { error: hostHelp }),
    )
    .default([])
    .describe('Hosts that may have a private, link-local or loopback address.'),
  allow_cidrs: z
    .array(z.union([z.cidrv4(), z.cidrv6()], { error: 'expected a network like 10.1.0.0/16 or fd00::/8' }))
    .default([])
    .describe('Networks of private, link-local or loopback addresses that may be dialled.'),
})

const http = z
  .union(
    [
      z.literal(false),
      z.strictObject({
        host: z.string().min(1).default('127.0.0.1').describe('The address to listen on.'),
        port: z.int().min(0).max(65_535).default(9464).describe('0 takes a free one and logs it.'),
      }),
    ],
    { error: 'expected false or an object with host and port' },
  )
  .prefault({})
  .describe('The status server (/health/live, /health/ready, /metrics); false turns it off.')

export const configSchema = z
  .strictObject({
    $schema: z.exactOptional(z.string()),
    database: database.describe('The clinical database.'),
    models: modelsSchema.prefault({}).describe('Tables and columns. Any further key is a further model.'),
    note_states: z
      .record(
        z.string().regex(/^[A-Z]{3}$/, 'expected a note state of three capitals'),
        z.enum(['cancelled', 'no_show', 'reverted', 'checked_in']),
      )
      .default({ CLD: 'cancelled', NSW: 'no_show', RVT: 'reverted', CVD: 'checked_in' })
      .describe('Which note states notify, and what.'),
    journal: journal.prefault({}).describe('What was seen and what is owed.'),
    endpoints,
    protocols: z
      .array(filePath('A protocol: a TypeScript or JavaScript file.'))
      .default([])
      .describe('Your own protocols.'),
    protocol_timeout_ms: positiveMs.default(10_000).describe('How long a protocol may compute on one change.'),
    settings: z.record(z.string(), z.unknown()).default({}).describe('What protocols see as this.settings.'),
    url_policy: urlPolicy
      .prefault({})
      .describe('Which URLs may be dialled, beside the https ones with public addresses.'),
    http,
    log: z
      .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info') })
      .prefault({})
      .describe('The log goes to stdout: JSON lines, readable ones on a terminal.'),
  })
  .describe(
    'The config of notifyd. Strings take placeholders from the environment and from files: docs/configuration.md.',
  )

export type Config = z.output<typeof configSchema>
