// What a ported protocol asks for and does not get. In: the objects that a protocol is given. Out: the same, but reading a
// member that is not there throws a sentence that names it, as Python does, where JavaScript would go on with `undefined` and
// put it into a payload. Owns that the sentence has names of members in it and never a value.

const seeDocs = 'docs/protocols.md says what takes the place of the workflow kit’s'

const lacks = (what: string, there: string): TypeError => new TypeError(`this SDK has no ${what}: ${there}; ${seeDocs}`)

/** Asked of any object by the language itself: is it a promise, has it a JSON form, what does its module export. */
const asked = new Set(['then', 'toJSON', 'default', '__esModule'])

const isIndex = /^\d+$/

/** @param path how a protocol writes it, like `patient`, without `this.` where it is the kit’s */
export function strict<T extends object>(path: string, value: T): T {
  return new Proxy(value, {
    get(target, key, receiver) {
      if (
        typeof key === 'string' &&
        !(key in target) &&
        !asked.has(key) &&
        !(Array.isArray(target) && isIndex.test(key))
      ) {
        throw lacks(
          `${path}.${key}`,
          Array.isArray(target) ? `${path} is an array` : `${path} has ${Object.keys(target).join(', ')}`,
        )
      }
      return Reflect.get(target, key, receiver)
    },
  })
}

/** A record and what is in it, all strict, and frozen: protocols share it. */
export function strictRecord<T extends object>(path: string, value: T): T {
  const members = Object.entries(value).map(([key, member]: [string, unknown]) => {
    if (Array.isArray(member)) {
      const items = member.map((item: object) => strictRecord(`${path}.${key}[…]`, item))
      return [key, Object.freeze(items)]
    }
    return [key, typeof member === 'object' && member !== null ? strictRecord(`${path}.${key}`, member) : member]
  })
  return strict(path, Object.freeze(Object.fromEntries(members)) as T)
}

/**
 * Gives a class of the SDK the workflow kit's members that it lacks: reading one throws.
 * @param isOwnAllowed a subclass may give such a name a meaning of its own; else setting one throws too
 */
export function lacking(prototype: object, path: string, names: readonly string[], isOwnAllowed: boolean): void {
  for (const name of names) {
    const refuse = () => {
      throw lacks(`${path}.${name}`, 'nothing here takes its place by that name')
    }
    Object.defineProperty(prototype, name, {
      configurable: true,
      get: refuse,
      set: isOwnAllowed
        ? function own(this: object, value: unknown) {
            Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true })
          }
        : refuse,
    })
  }
}
