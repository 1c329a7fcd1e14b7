// A clinic's day by chance. In: a clinic, a number of acts. Out: that many acts in a life-like mix, each possible in the
// state that its booking is in, and what all of them make due, in commit order.
import type { Booking, Clinic } from './clinic.js'
import type { Due } from './due.js'

const mix = {
  admit: 3,
  book: 30,
  bookForNobody: 2,
  bookAndRollBack: 5,
  bookAtSecondTry: 5,
  rescheduleByReplacement: 10,
  rescheduleInPlace: 10,
  cancel: 10,
  restore: 6,
  checkIn: 12,
  miss: 5,
  enterInError: 2,
  writeNote: 5,
  editComment: 10,
} as const

type Act = keyof typeof mix

/** Does `count` acts, one after another; the same ones for the same seed and history. */
export async function work(clinic: Clinic, count: number): Promise<Due[]> {
  const due: Due[] = []
  for (let done = 0; done < count; done++) {
    const made = await act(clinic)
    if (made !== null) due.push(made)
  }
  return due
}

/** One act, chosen by the clinic's own random. Resolves to what is due, or null. */
export async function act(clinic: Clinic): Promise<Due | null> {
  if (clinic.patients.length === 0) await clinic.admit()
  const chosen = clinic.random.weighted(mix)
  const booking = pickBooking(clinic, statesFor[chosen] ?? [])
  // nothing there yet to do this to: take a booking instead
  return booking === null ? withoutBooking(clinic, chosen) : withBooking(clinic, chosen, booking)
}

/** Which bookings an act is done to; acts that are not here need none. */
const statesFor: Partial<Record<Act, readonly Booking['state'][]>> = {
  rescheduleByReplacement: ['booked', 'missed'],
  rescheduleInPlace: ['booked'],
  cancel: ['booked'],
  restore: ['cancelled'],
  checkIn: ['booked'],
  miss: ['booked'],
  enterInError: ['booked', 'cancelled'],
  editComment: ['booked', 'cancelled', 'checked in', 'missed'],
}

/** One of the last 50, so that an appointment's life goes on while others begin. */
function pickBooking(clinic: Clinic, states: readonly Booking['state'][]): Booking | null {
  const candidates = clinic.bookings.slice(-50).filter(({ state }) => states.includes(state))
  return candidates.length === 0 ? null : clinic.random.pick(candidates)
}

async function withoutBooking(clinic: Clinic, chosen: Act): Promise<Due | null> {
  switch (chosen) {
    case 'admit':
      await clinic.admit()
      return null
    case 'bookForNobody':
      return (await clinic.book({ patient: null })).due
    case 'bookAndRollBack':
      return clinic.bookAndRollBack()
    case 'bookAtSecondTry':
      return (await clinic.bookAtSecondTry()).due
    case 'writeNote':
      return clinic.writeNote()
    default:
      return (await clinic.book()).due
  }
}

async function withBooking(clinic: Clinic, chosen: Act, booking: Booking): Promise<Due | null> {
  switch (chosen) {
    case 'rescheduleByReplacement':
      booking.state = 'booked'
      return clinic.rescheduleByReplacement(booking)
    case 'rescheduleInPlace':
      return clinic.rescheduleInPlace(booking)
    case 'cancel':
      return clinic.cancel(booking)
    case 'restore':
      return clinic.restore(booking)
    case 'checkIn':
      return clinic.checkIn(booking)
    case 'miss':
      return clinic.miss(booking)
    case 'enterInError':
      return clinic.enterInError(booking)
    case 'editComment':
      return clinic.editComment(booking)
    default:
      throw new Error(`${chosen} is not done to a booking`)
  }
}
