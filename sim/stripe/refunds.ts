import { existing, invalid, newId, type Refund } from './model.ts'
import { mapOf, optional, required, type Params } from './params.ts'
import { presentChargeOf, presentRefund } from './present.ts'
import type { Sim } from './sim.ts'

export function createRefund(sim: Sim, params: Params): Record<string, unknown> {
  const intentId = required(params, 'payment_intent')
  const intent = existing(sim.world.intents, 'payment_intent', intentId, 'payment_intent')
  if (intent.status !== 'succeeded')
    throw invalid('This PaymentIntent does not have a successful charge to refund.', {
      param: 'payment_intent',
    })
  const given = [...sim.world.refunds.values()]
    .filter((one) => one.payment_intent === intentId && one.status !== 'failed')
    .reduce((sum, one) => sum + one.amount, 0)
  const left = intent.amount_received - given
  const amount = typeof params['amount'] === 'number' ? params['amount'] : left
  if (left === 0)
    throw invalid(`Charge ${intent.charge} has already been refunded.`, { code: 'charge_already_refunded' })
  if (amount < 1 || amount > left)
    throw invalid(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
      param: 'amount',
    })
  const refund: Refund = {
    id: newId('re'),
    created: sim.now(),
    amount,
    currency: intent.currency,
    payment_intent: intentId,
    status: sim.world.slowRefunds ? 'pending' : 'succeeded',
    reason: optional(params, 'reason'),
    metadata: mapOf(params, 'metadata'),
  }
  sim.world.refunds.set(refund.id, refund)
  sim.emit('refund.created', presentRefund(refund))
  if (refund.status === 'succeeded') sim.emit('charge.refunded', presentChargeOf(sim.world, intent))
  return presentRefund(refund)
}

/** The bank has come round to a refund. */
export function settleRefund(sim: Sim, id: string, status: 'succeeded' | 'failed'): void {
  const refund = existing(sim.world.refunds, 'refund', id)
  refund.status = status
  sim.emit(status === 'failed' ? 'refund.failed' : 'refund.updated', presentRefund(refund))
  const intent = existing(sim.world.intents, 'payment_intent', refund.payment_intent)
  if (status === 'succeeded') sim.emit('charge.refunded', presentChargeOf(sim.world, intent))
}
