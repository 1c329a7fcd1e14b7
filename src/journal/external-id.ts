// An appointment's external id as somebody gives it, and as the journal may have it. It is the clinic's own text: not trimmed,
// and its letters' case counts. Only a uuid has one spelling at PostgreSQL, whichever it was given in.

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** The given one first. */
export const spellings = (given: string): readonly string[] =>
  uuid.test(given) ? [...new Set([given, given.toLowerCase()])] : [given]
