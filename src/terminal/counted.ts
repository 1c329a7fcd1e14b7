// A count and what it counts, for people: `1 attempt`, `2 attempts`.

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
