import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { defineConfig } from 'vitest/config'

/** They take minutes: begun last, one of them would keep a run waiting for it alone. */
const LONG =
  /accessibility|harness|start\/start|foreignIds|crash|chaos\.test|users\.e2e|rolesSeeTheirPlaces|fuzz|rules\/routes/

const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId)

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files.filter(isLong), ...files.filter((file) => !isLong(file))]
  }
}

export default defineConfig({
  test: {
    // Those of `npm run ha` need programs that most machines do not have.
    include: process.env['MPANEL_HA'] ? ['test/ha/*.ha.ts'] : ['test/**/*.test.ts'],
    globalSetup: ['test/support/postgres.ts'],
    sequence: { sequencer: LongFirst },
    pool: 'forks',
    // Twice as many as a small machine has cores: tests also wait, for jobs, browsers and processes.
    maxWorkers: 4,
    // No test mocks a module and modules keep nothing that a test relies on, so files of a worker share what they import.
    isolate: false,
    // A limit for what hangs, not a claim: walks in a browser take three times as long when everything runs at once.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // A second is not long on a machine that runs everything at once.
    expect: { poll: { timeout: 60_000 } },
  },
})
