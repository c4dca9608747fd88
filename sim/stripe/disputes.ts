import { existing, newId, type Dispute } from './model.ts'
import { presentDispute } from './present.ts'
import type { Sim } from './sim.ts'

/** What Stripe charges for a dispute. */
const FEE = 1500
const EVIDENCE_S = 7 * 86_400

/** The customer's bank takes a payment back; some banks ask first. */
export function openDispute(
  sim: Sim,
  intentId: string,
  how: 'asks' | 'takes' = 'takes',
  settled?: Dispute['settled'],
): string {
  const intent = existing(sim.world.intents, 'payment_intent', intentId)
  intent.disputed = true
  const dispute: Dispute = {
    id: newId('du'),
    created: sim.now(),
    amount: intent.amount_received,
    currency: intent.currency,
    payment_intent: intentId,
    charge: intent.charge,
    status: 'warning_needs_response',
    reason: 'fraudulent',
    due_by: sim.now() + EVIDENCE_S,
    submissions: 0,
    moved: [],
    settled: settled ?? { currency: intent.currency, rate: 1 },
  }
  sim.world.disputes.set(dispute.id, dispute)
  if (how === 'takes') take(dispute)
  sim.emit('charge.dispute.created', presentDispute(dispute))
  if (how === 'takes') sim.emit('charge.dispute.funds_withdrawn', presentDispute(dispute))
  return dispute.id
}

function move(dispute: Dispute, amount: number, fee: number): void {
  const { currency, rate } = dispute.settled
  dispute.moved.push({ amount: Math.round(amount * rate), fee, currency })
}

function take(dispute: Dispute): void {
  dispute.status = 'needs_response'
  move(dispute, -dispute.amount, FEE)
}

/** How it goes on. Whoever wins has his money back without the fee. */
export function settleDispute(sim: Sim, id: string, how: 'takes' | 'evidence' | 'won' | 'lost'): void {
  const dispute = existing(sim.world.disputes, 'dispute', id)
  const tell = (event: string): void => sim.emit(`charge.dispute.${event}`, presentDispute(dispute))
  if (how === 'takes') {
    take(dispute)
    tell('funds_withdrawn')
    return tell('updated')
  }
  if (how === 'evidence') {
    dispute.status = 'under_review'
    dispute.submissions += 1
    return tell('updated')
  }
  dispute.status = how
  if (how === 'won' && dispute.moved.length > 0) {
    move(dispute, dispute.amount, 0)
    tell('funds_reinstated')
  }
  tell('closed')
}
