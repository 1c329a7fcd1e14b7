// What the `error` of an attempt says where no code of the system does: a row of docs/errors.md each.

interface AttemptErrorMeaning {
  readonly cause: string
  readonly todo: string
}

export const attemptErrors = {
  timeout: {
    cause: 'no whole answer within timeout_ms, or no connection',
    todo: 'is the receiver slow? raise timeout_ms',
  },
  'connection closed': { cause: 'the receiver, or what lies between, closed it before the answer', todo: 'look there' },
  'refused by the proxy': {
    cause: 'the proxy does not let us through',
    todo: 'look at its rules, and at the user in its URL',
  },
  'refused address': {
    cause: 'the name stands for an address that url_policy does not allow',
    todo: 'url_policy.allow_hosts or allow_cidrs, where it is meant',
  },
  'damaged in the journal': {
    cause:
      'what the journal holds of it is not what was owed (its checksum): the disk, or memory, has changed it. It was never sent',
    todo: '`notifyd replay --recompute --from` its LSN computes and sends it anew; look at the disk, and at docs/operations.md, "A damaged journal"',
  },
  'transport error': { cause: 'an error without a code', todo: 'look at the receiver' },
} as const satisfies Readonly<Record<string, AttemptErrorMeaning>>

export type AttemptError = keyof typeof attemptErrors
