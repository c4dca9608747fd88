import { CARD_HINTS } from './cards.ts'
import { current, submit } from './sessions.ts'
import type { Sim } from './sim.ts'

type Shown = { status: number; html?: string; location?: string }

const escaped = (text: string): string => text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)

const page = (
  title: string,
  body: string,
): string => `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title>
<style>body{font:16px/1.5 system-ui;max-width:30rem;margin:3rem auto;padding:0 1rem}input,button{font:inherit;padding:.5rem;width:100%;box-sizing:border-box;margin:.25rem 0}
p.problem{color:#a00}li{font-size:.9rem}</style></head><body><p><strong>Simulated Stripe</strong>: no card is charged here.</p>${body}</body></html>`

/** The page on which a customer pays or leaves a card: a form, and nothing more. */
export function showHosted(sim: Sim, id: string, sent: URLSearchParams | null): Shown {
  const session = current(sim, id)
  if (session.status !== 'open')
    return {
      status: session.status === 'expired' ? 410 : 200,
      html: page(
        'Checkout',
        `<h1>This page is ${session.status === 'expired' ? 'no longer valid' : 'done'}</h1>`,
      ),
    }
  const number = sent?.get('number') ?? ''
  const step = sent?.get('authenticate') ?? null
  const done = sent === null ? null : submit(sim, session, number, step === null ? null : step === 'yes')
  if (done?.outcome === 'done') return { status: 303, location: session.success_url }
  if (done?.outcome === 'authenticate')
    return {
      status: 200,
      html: page(
        'Authentication',
        `<h1>Your bank asks whether it is you</h1><form method="post"><input type="hidden" name="number" value="${escaped(number)}">
<button name="authenticate" value="yes">Yes, it is me</button><button name="authenticate" value="no">No</button></form>`,
      ),
    }
  const title =
    session.mode === 'setup'
      ? 'Save a card'
      : `Pay ${((session.amount_total ?? 0) / 100).toFixed(2)} ${(session.currency ?? '').toUpperCase()}`
  const hints = CARD_HINTS.map(([card, what]) => `<li><code>${card}</code> ${what}</li>`).join('')
  return {
    status: done === null ? 200 : 402,
    html: page(
      title,
      `<h1>${escaped(title)}</h1><p>${escaped(session.description ?? '')}</p>
${done === null ? '' : `<p class="problem" role="alert">${escaped(done.message)}</p>`}
<form method="post"><label>Card number <input name="number" inputmode="numeric" autocomplete="off" required value="4242 4242 4242 4242"></label>
<button>${session.mode === 'setup' ? 'Save card' : 'Pay'}</button></form><p><a href="${escaped(session.cancel_url)}">Back</a></p><ul>${hints}</ul>`,
    ),
  }
}
