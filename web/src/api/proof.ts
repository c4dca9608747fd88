let ask: () => Promise<boolean> = () => Promise.resolve(false)
let asking: Promise<boolean> | null = null

/** Says who asks the person in front of the page. @returns how to take it back */
export function proofIsAskedBy(asker: () => Promise<boolean>): () => void {
  ask = asker
  return () => {
    ask = () => Promise.resolve(false)
  }
}

/** Whether the person has proven anew who it is. Calls that are refused at the same time share one question. */
export const askForProof = (): Promise<boolean> =>
  (asking ??= ask().finally(() => {
    asking = null
  }))
