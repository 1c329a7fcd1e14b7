// `notifyd example`, `trigger` and `listen` on the command line: for who writes a receiver. Only `trigger` needs a config.
import { existsSync } from 'node:fs'
import { Argument, type Command, InvalidArgumentError } from 'commander'
import { UsageError } from './base/errors.js'
import { aCount, type Finished, type Options, type Shared } from './cli-options.js'
import { type NotificationName, notificationNames } from './compute/appointment-notification.js'
import { type LoadedConfig, loadConfig } from './config.js'
import { readSettings } from './settings.js'
import { exampleEndpoint, exampleRequest, exampleSecret, requestText } from './terminal/example-request.js'
import { listen } from './terminal/listen.js'
import { nearest } from './terminal/nearest.js'
import { jsonText } from './terminal/printable.js'
import { trigger } from './terminal/trigger.js'

interface ListenFlags extends Options {
  readonly port: number
  readonly host: string
  readonly endpoint?: string
  readonly refuse?: number
  readonly times?: number
  readonly showPayloads?: boolean
}

const nobodyReal = `
It is of nobody real. Marked with the header notification-test: true, without a sequence number, and under an id that begins
with msg_test_: a receiver that acts on notifications leaves it alone. Exit 1 when it is not answered with a 2xx.`

export function receiverCommands(program: Command, shared: Shared, done: Finished, version: string): void {
  const userAgent = `notifyd/${version}`
  const which = () => new Argument('<notification>', 'which one').choices(notificationNames)
  const command = (name: string, description: string, usage: string) =>
    shared(program.command(name).description(description), usage)

  command(
    'example',
    'the exact request of a notification, headers and body, as a receiver gets it',
    'example cancelled',
  )
    .addArgument(which())
    .option(
      '--endpoint <name>',
      "as this endpoint of the config gets it, signed with its secrets; the config's headers are not shown",
    )
    .action(
      async (notification: NotificationName, { config: file, json, endpoint }: Options & { endpoint?: string }) => {
        const to = endpoint === undefined ? exampleEndpoint : endpointOf(await loadConfig(file), endpoint)
        const request = exampleRequest(notification, to, userAgent, new Date())
        if (endpoint === undefined) {
          process.stderr.write(`signed with an example's secret, which is none: ${exampleSecret}\n`)
        }
        process.stdout.write(json === true ? `${jsonText(request)}\n` : requestText(request))
        done(0)
      },
    )

  command('trigger', 'POSTs an example to an endpoint, signed, as a test', 'trigger cancelled --endpoint scheduling')
    .addArgument(which())
    .requiredOption('--endpoint <name>', 'of the config')
    .addHelpText('after', nobodyReal)
    .action(
      async (
        notification: NotificationName,
        { config: file, json, endpoint: name }: Options & { endpoint: string },
      ) => {
        const config = await loadConfig(file)
        endpointOf(config, name)
        const { endpoints, urlPolicy: policy } = await readSettings(config)
        const endpoint = endpoints.find((one) => one.name === name)
        if (endpoint === undefined) throw new TypeError('the settings have the endpoints of the config')
        const { text, isGood } = await trigger({ notification, endpoint, policy, userAgent, json: json === true })
        process.stdout.write(text)
        done(isGood ? 0 : 1)
      },
    )

  command('listen', 'a receiver to try things against: verifies and prints what comes', 'listen --port 8090')
    .option('--port <port>', '0 takes a free one', aPort, 8090)
    .option('--host <address>', 'the address to listen on; what comes is not encrypted', '127.0.0.1')
    .option('--endpoint <name>', "verify with this endpoint's secrets (default: those of all in the config)")
    .option('--refuse <status>', 'answer with this status instead of 204', aRefusal)
    .option('--times <n>', 'with --refuse: only the first so many', aCount)
    .option('--show-payloads', 'print what comes: of a real clinic that is data of real patients')
    .action(async (flags: ListenFlags, self: Command) => {
      const { host, port, refuse, times, showPayloads, json, config: file, endpoint } = flags
      if (times !== undefined && refuse === undefined) throw new UsageError('--times is of --refuse: give both')
      const isNamed = self.getOptionValueSource('config') === 'cli' || endpoint !== undefined
      const config = isNamed || existsSync(file) ? await loadConfig(file) : null
      const stop = new AbortController()
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())
      await listen({
        host,
        port,
        secrets: secretsOf(config, endpoint),
        refuse: refuse ?? null,
        times: times ?? null,
        showPayloads: showPayloads === true,
        json: json === true,
        write: (text) => void process.stdout.write(text),
        listening: (url) => void process.stderr.write(`${banner(url, config, showPayloads === true)}\n`),
        signal: stop.signal,
      })
      done(0)
    })
}

function secretsOf(config: LoadedConfig | null, endpoint: string | undefined): readonly string[] {
  if (config === null) return [exampleSecret]
  const endpoints = endpoint === undefined ? config.endpoints : [endpointOf(config, endpoint)]
  const secrets = endpoints.flatMap(({ secrets: own }) => own)
  if (secrets.length === 0)
    throw new UsageError('none of these endpoints has a secret: there is nothing to verify with')
  return secrets
}

function banner(url: string, config: LoadedConfig | null, showPayloads: boolean): string {
  const whose = config === null ? `with the example's secret ${exampleSecret}` : 'with the secrets of the config'
  const payloads = showPayloads ? 'Payloads are shown' : 'Payloads are not shown (--show-payloads)'
  return `listening on ${url}, verifying ${whose}. ${payloads}. Ctrl-C ends it`
}

/** @throws UsageError that names the nearest */
function endpointOf(config: LoadedConfig, name: string) {
  const endpoint = config.endpoints.find((one) => one.name === name)
  if (endpoint !== undefined) return endpoint
  const names = config.endpoints.map((one) => one.name)
  const near = nearest(name, names)
  const hint = near === null ? '' : `did you mean ${near}? `
  throw new UsageError(`--endpoint ${name} is none of the config: ${hint}there is ${names.join(', ')}`)
}

function aPort(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('expected a port from 0 to 65535.')
  return port
}

function aRefusal(text: string): number {
  const status = Number(text)
  if (!/^[345]\d\d$/.test(text)) throw new InvalidArgumentError('expected a status from 300 to 599.')
  return status
}
