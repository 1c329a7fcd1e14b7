// A zod shape in, the same as TypeScript would write it out: for docs/commands.md.
import * as z from 'zod'

export const shapeOf = (shape: z.ZodType): string =>
  shapeText(z.toJSONSchema(shape, { unrepresentable: 'any' }) as z.core.JSONSchema.BaseSchema)

function shapeText(schema: z.core.JSONSchema.BaseSchema, indent = ''): string {
  if (schema.anyOf !== undefined)
    return schema.anyOf.map((part) => shapeText(part as typeof schema, indent)).join(' | ')
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.enum !== undefined) return schema.enum.map((one) => JSON.stringify(one)).join(' | ')
  if (schema.type === 'array') {
    const items = schema.items as typeof schema
    const text = shapeText(items, indent)
    return items.anyOf === undefined ? `${text}[]` : `(${text})[]`
  }
  if (schema.type === 'object' && schema.properties !== undefined) {
    const rows = Object.entries(schema.properties).map(
      ([key, value]) =>
        `${indent}  ${key}${schema.required?.includes(key) === true ? '' : '?'}: ${shapeText(value as typeof schema, `${indent}  `)}`,
    )
    return `{\n${rows.join('\n')}\n${indent}}`
  }
  if (schema.type === 'object') return '{ [name: string]: string }'
  const types = [schema.type ?? 'unknown'].flat()
  return types.map((type) => (type === 'integer' ? 'number' : type)).join(' | ')
}
