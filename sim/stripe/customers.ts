import { cardOf, newMethod, TOKENS } from './cards.ts'
import { existing, invalid, newId, type Customer } from './model.ts'
import { mapOf, optional, required, type Params } from './params.ts'
import { presentCustomer, presentMethod } from './present.ts'
import type { Sim } from './sim.ts'
import { list } from './lists.ts'

export function createCustomer(sim: Sim, params: Params): Record<string, unknown> {
  const made: Customer = {
    id: newId('cus').slice(0, 18),
    created: sim.now(),
    name: optional(params, 'name'),
    email: optional(params, 'email'),
    metadata: mapOf(params, 'metadata'),
    deleted: false,
  }
  sim.world.customers.set(made.id, made)
  sim.emit('customer.created', presentCustomer(made))
  return presentCustomer(made)
}

export function methodsOf(sim: Sim, params: Params, id: string): Record<string, unknown> {
  const customer = existing(sim.world.customers, 'customer', id)
  if (customer.deleted)
    throw invalid(`No such customer: '${id}'`, { code: 'resource_missing', param: 'customer' })
  const own = [...sim.world.methods.values()].filter((one) => one.customer === id)
  return list(`/v1/customers/${id}/payment_methods`, params, own, presentMethod)
}

/** A method that was made on a page, or one of the names that stand for a test card. */
export function attach(sim: Sim, params: Params, id: string): Record<string, unknown> {
  const customer = existing(sim.world.customers, 'customer', required(params, 'customer'), 'customer')
  const number = TOKENS[id]
  const card = number === undefined ? undefined : cardOf(number)
  const method =
    card && number !== undefined
      ? newMethod(number, card, sim.now())
      : existing(sim.world.methods, 'PaymentMethod', id)
  method.customer = customer.id
  sim.world.methods.set(method.id, method)
  sim.emit('payment_method.attached', presentMethod(method))
  return presentMethod(method)
}

export function detach(sim: Sim, _: Params, id: string): Record<string, unknown> {
  const method = existing(sim.world.methods, 'PaymentMethod', id)
  if (method.customer === null)
    throw invalid(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
    )
  method.customer = null
  sim.emit('payment_method.detached', presentMethod(method))
  return presentMethod(method)
}
