// Reads the files of a `tls` key. In: their paths. Out: PEM texts that TLS can use, or a ConfigError that names the key. Node
// takes an empty file without a word, and would then trust other authorities or show no certificate: it is an error here.
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { ConfigError, errorCode } from './base/errors.js'

export interface TlsFiles {
  readonly ca_file?: string
  readonly cert_file?: string
  readonly key_file?: string
}

export interface TlsTexts {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

const certificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g

/**
 * @param file the config's name
 * @param path of the `tls` key in it
 * @throws ConfigError
 */
export async function readTlsFiles(file: string, tls: TlsFiles, path: string): Promise<TlsTexts> {
  const complain = (key: string, message: string, cause: unknown): never => {
    throw new ConfigError(file, [{ path: `${path}${key}`, message }], { cause })
  }
  const read = async (key: keyof TlsFiles): Promise<string | undefined> => {
    const name = tls[key]
    if (name === undefined) return undefined
    const text = await readFile(name, 'utf8').catch((error: unknown) =>
      complain(`.${key}`, `the file ${name} cannot be read (${errorCode(error) ?? 'unknown error'})`, error),
    )
    if (key !== 'key_file') {
      const problem = certificatesProblem(text)
      if (problem !== null) complain(`.${key}`, `the file ${name} ${problem}`, undefined)
    }
    return text
  }
  const [ca, cert, key] = await Promise.all([read('ca_file'), read('cert_file'), read('key_file')])
  try {
    if (key !== undefined) createPrivateKey(key)
    createSecureContext({ ca, cert, key })
  } catch (error) {
    const isOther = errorCode(error) === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
    const message = isOther
      ? `the key in ${tls.key_file} is not that of the certificate in ${tls.cert_file}`
      : `expected an unencrypted private key (PEM) in ${tls.key_file} (${errorCode(error) ?? 'unknown error'})`
    complain('.key_file', message, error)
  }
  return { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) }
}

function certificatesProblem(text: string): string | null {
  const found = text.match(certificate) ?? []
  if (found.length === 0) return 'holds no certificate: expected PEM (-----BEGIN CERTIFICATE-----)'
  const broken = found.findIndex((pem) => {
    try {
      return new X509Certificate(pem).subject === null
    } catch {
      return true
    }
  })
  return broken === -1 ? null : `holds a broken certificate (number ${broken + 1})`
}
