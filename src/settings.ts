// The config's names in, each folder's plain options out: models and tables, addresses, endpoints.
import { ConfigError, errorCode } from './base/errors.js'
import { type DatabaseAddress, exposure } from './capture/connection.js'
import type { WatchedTable } from './capture/finding.js'
import { CHANGE_TYPE } from './change/change-type.js'
import type { ClinicalModels } from './change/clinical-database.js'
import { appointmentModel, type Model, makeModel, modelsByTable, noteStateModel, patientModel } from './change/model.js'
import type { NotificationName } from './compute/appointment-notification.js'
import type { LoadedConfig } from './config.js'
import { parseTableName } from './config-schema.js'
import type { Endpoint } from './send/endpoint.js'
import { environmentProxy, environmentProxyProblem } from './send/proxy.js'
import { refusedUrl, type UrlPolicy } from './send/url-policy.js'
import { readTlsFiles, type TlsFiles } from './tls-files.js'

export interface Settings {
  readonly address: DatabaseAddress
  readonly tables: readonly WatchedTable[]
  /** Those whose changes are followed, by `tableKey`. */
  readonly followed: ReadonlyMap<string, Model>
  readonly clinical: ClinicalModels
  readonly noteStates: ReadonlyMap<string, NotificationName>
  readonly endpoints: readonly Endpoint[]
  readonly urlPolicy: UrlPolicy
  /** Names of the endpoints that are told of gaps. */
  readonly gapNotices: readonly string[]
  /** The notifications that each endpoint asks for. */
  readonly wanted: readonly { readonly name: string; readonly notifications: ReadonlySet<NotificationName> }[]
}

/** @throws ConfigError when a TLS file is not what it should be, or the URL policy refuses an endpoint. */
export async function readSettings(config: LoadedConfig): Promise<Settings> {
  const models = config.models
  const appointment = modelOf(appointmentModel, models.appointment, 'APPOINTMENT')
  const noteState = modelOf(noteStateModel, models.notestatechangeevent, 'APPOINTMENT')
  const patient = modelOf(patientModel, models.patient, 'PATIENT')
  const clinical: ReadonlySet<string> = new Set([appointmentModel, noteStateModel, patientModel])
  const further = Object.entries(models)
    .filter(([name]) => !clinical.has(name))
    .map(([name, model]) => modelOf(name, model, 'change_type' in model ? model.change_type : 'PATIENT'))
  const readTls = (tls: TlsFiles, path: string) => readTlsFiles(config.file, tls, path)
  const { endpoints } = config
  const urlPolicy = policyOf(config)
  return {
    urlPolicy,
    gapNotices: endpoints.flatMap((endpoint) => (endpoint.gap_notices ? [endpoint.name] : [])),
    address: await addressOf(config),
    tables: [
      watched(appointment, { published: true, needsOldImage: true, selected: true }),
      watched(noteState, { published: true, needsOldImage: false, selected: true }),
      watched(patient, { published: false, needsOldImage: false, selected: true }),
      ...further.map((model) => ({
        ...watched(model, { published: true, needsOldImage: false, selected: false }),
        keys: { id: model.required.get('id') ?? null, patient: model.required.get('patient_id') ?? null },
      })),
    ],
    followed: modelsByTable([appointment, noteState, ...further]),
    clinical: { appointment, noteState, patient },
    noteStates: new Map(Object.entries(config.note_states)),
    endpoints: await Promise.all(
      endpoints.map(async ({ timeout_ms: timeoutMs, retry_seconds: retrySeconds, ...endpoint }, index) => ({
        ...endpoint,
        timeoutMs,
        retrySeconds,
        proxy: endpoint.proxy ?? environmentProxy(endpoint.url),
        tls: endpoint.tls === null ? null : await readTls(endpoint.tls, `endpoints[${index}].tls`),
      })),
    ),
    wanted: endpoints.map(({ name, notifications }) => ({ name, notifications: new Set(notifications) })),
  }
}

async function addressOf({ file, database: { url, tls } }: LoadedConfig): Promise<DatabaseAddress> {
  const address = { url, tls: tls === null ? null : await readTlsFiles(file, tls, 'database.tls') }
  try {
    exposure(address)
    return address
  } catch (error) {
    const lost =
      error instanceof Error && 'path' in error ? `the file ${error.path} of it cannot be read` : 'cannot be used'
    throw new ConfigError(file, [
      { path: 'database.url', message: `${lost} (${errorCode(error) ?? 'see its options'})` },
    ])
  }
}

/** @throws ConfigError that names every refused endpoint, and the environment's proxy where it is none. */
function policyOf({ file, endpoints, url_policy: policy }: LoadedConfig): UrlPolicy {
  const { allow_http: allowHttp, allow_hosts: allowHosts, allow_cidrs: allowCidrs } = policy
  const urlPolicy = { allowHttp, allowHosts, allowCidrs }
  const problems = endpoints.flatMap(({ url }, index) => {
    const message = refusedUrl(url, { configured: true }, urlPolicy)
    return message === null ? [] : [{ path: `endpoints[${index}].url`, message }]
  })
  const message = environmentProxyProblem()
  if (message !== null) problems.push({ path: '', message })
  if (problems.length > 0) throw new ConfigError(file, problems)
  return urlPolicy
}

interface ModelConfig {
  readonly table: string
  readonly columns: Readonly<Record<string, string | undefined>>
  /** None for the patient, who is not followed. */
  readonly former_columns?: Readonly<Record<string, readonly string[] | undefined>>
  readonly exclude_columns: readonly string[]
  readonly time_zone?: string
}

function modelOf(name: string, config: ModelConfig, changeType: keyof typeof CHANGE_TYPE): Model {
  const columns: Record<string, string> = {}
  for (const [canonical, real] of Object.entries(config.columns)) if (real !== undefined) columns[canonical] = real
  const formerColumns: Record<string, readonly string[]> = {}
  for (const [canonical, names] of Object.entries(config.former_columns ?? {})) formerColumns[canonical] = names ?? []
  const { schema, table } = parseTableName(config.table)
  return makeModel({
    name,
    schema,
    table,
    changeType: CHANGE_TYPE[changeType],
    columns,
    formerColumns,
    excluded: config.exclude_columns,
    timeZone: config.time_zone ?? 'UTC',
  })
}

function watched(
  { name, schema, table, required, canonicalNames, excluded, timeZone }: Model,
  needs: Pick<WatchedTable, 'published' | 'needsOldImage' | 'selected'>,
): WatchedTable {
  const columns = [...required.values()]
  const renamed = [...canonicalNames].filter(([real, canonical]) => real !== canonical)
  const taken = renamed.map(([, canonical]) => canonical).filter((canonical) => !canonicalNames.has(canonical))
  const real = (...canonical: string[]) => canonical.flatMap((column) => required.get(column) ?? [])
  return {
    model: name,
    schema,
    table,
    columns,
    taken: taken.filter((column) => !excluded.has(column)),
    moments: name === appointmentModel ? real('start_time', 'end_time') : [],
    minutes: name === appointmentModel ? real('duration_minutes') : [],
    timeZone,
    ...needs,
  }
}
