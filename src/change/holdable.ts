// The values that a column can hold, of many that rows elsewhere name: a bigint that an integer column has no room for, a text
// that is no uuid. Nobody but the server can say it, and it says it of a list as a whole, so the list is halved until it does.

/** In their order. @param fits asks the server whether the column can hold all of these */
export async function holdable(
  values: readonly string[],
  fits: (values: readonly string[]) => Promise<boolean>,
): Promise<readonly string[]> {
  if (values.length === 0 || (await fits(values))) return values
  if (values.length === 1) return []
  const half = values.length >> 1
  return [...(await holdable(values.slice(0, half), fits)), ...(await holdable(values.slice(half), fits))]
}
