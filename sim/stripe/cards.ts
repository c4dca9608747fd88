import { newId, type Behaviour, type IntentError, type Method } from './model.ts'

type Card = {
  brand: string
  /** What comes of it while its owner sits before the page. */
  onPage:
    | 'succeeds'
    | 'authenticate'
    | 'generic_decline'
    | 'insufficient_funds'
    | 'lost_card'
    | 'expired_card'
  later: Behaviour
}

/** The numbers that Stripe documents for tests. */
const CARDS: Record<string, Card> = {
  '4242424242424242': { brand: 'visa', onPage: 'succeeds', later: 'succeeds' },
  '4000000000000259': { brand: 'visa', onPage: 'succeeds', later: 'disputed' },
  '5555555555554444': { brand: 'mastercard', onPage: 'succeeds', later: 'succeeds' },
  '4000000000000341': { brand: 'visa', onPage: 'succeeds', later: 'generic_decline' },
  '4000002500003155': { brand: 'visa', onPage: 'authenticate', later: 'succeeds' },
  '4000002760003184': { brand: 'visa', onPage: 'authenticate', later: 'authentication_required' },
  '4000000000000002': { brand: 'visa', onPage: 'generic_decline', later: 'generic_decline' },
  '4000000000009995': { brand: 'visa', onPage: 'insufficient_funds', later: 'insufficient_funds' },
  '4000000000009987': { brand: 'visa', onPage: 'lost_card', later: 'lost_card' },
  '4000000000000069': { brand: 'visa', onPage: 'expired_card', later: 'expired_card' },
}

/** Names that stand for a card in tests. */
export const TOKENS: Record<string, string> = {
  pm_card_visa: '4242424242424242',
  pm_card_chargeCustomerFail: '4000000000000341',
  pm_card_authenticationRequired: '4000002760003184',
}

export const CARD_HINTS: readonly (readonly [number: string, what: string])[] = [
  ['4242 4242 4242 4242', 'is taken'],
  ['4000 0025 0000 3155', 'asks for authentication once'],
  ['4000 0027 6000 3184', 'asks for authentication each time'],
  ['4000 0000 0000 0341', 'can be saved, and is declined afterwards'],
  ['4000 0000 0000 0259', 'can be saved; what is charged afterwards is disputed'],
  ['4000 0000 0000 9995', 'has insufficient funds'],
  ['4000 0000 0000 0002', 'is declined'],
]

export const cardOf = (number: string): Card | undefined => CARDS[number.replace(/\s/g, '')]

export const newMethod = (number: string, card: Card, created: number): Method => ({
  id: newId('pm'),
  created,
  customer: null,
  brand: card.brand,
  last4: number.replace(/\s/g, '').slice(-4),
  exp_month: 12,
  exp_year: 2034,
  behaviour: card.later,
})

const WORDS: Record<string, IntentError> = {
  generic_decline: {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'generic_decline',
    message: 'Your card was declined.',
  },
  insufficient_funds: {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'insufficient_funds',
    message: 'Your card has insufficient funds.',
  },
  lost_card: {
    type: 'card_error',
    code: 'card_declined',
    decline_code: 'lost_card',
    message: 'Your card was declined.',
  },
  expired_card: { type: 'card_error', code: 'expired_card', message: 'Your card has expired.' },
  authentication_required: {
    type: 'card_error',
    code: 'authentication_required',
    decline_code: 'authentication_required',
    message: 'Your card was declined. This transaction requires authentication.',
  },
}

/** The bank's words for a refusal. */
export const refusalOf = (behaviour: string): IntentError => {
  const found = WORDS[behaviour]
  if (!found) throw new Error(`${behaviour} is no refusal`)
  return found
}
