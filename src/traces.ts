import { context, trace } from '@opentelemetry/api'
import type { Config } from './config.ts'
import { traceIds } from './lib/traces.ts'
import { VERSION } from './version.ts'

/**
 * Sends spans to a collector (OTLP over HTTP) when the configuration names one; else nothing of OpenTelemetry but its interface is
 * loaded, which does nothing. @returns what ends it, after the last spans were sent
 */
export async function startTraces({ traces }: Pick<Config, 'traces'>): Promise<() => Promise<void>> {
  if (traces === undefined) return async () => undefined
  const [sdk, { OTLPTraceExporter }, { AsyncLocalStorageContextManager }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/resources'),
    ])
  const provider = new sdk.TracerProvider({
    idGenerator: traceIds,
    // By the trace's id alone, so that every process keeps the same traces.
    sampler: new sdk.TraceIdRatioBasedSampler(traces.ratio),
    resource: resourceFromAttributes({ 'service.name': traces.service, 'service.version': VERSION }),
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new OTLPTraceExporter({ url: traces.url, headers: traces.headers }),
      }),
    ],
  })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(provider)
  return async () => {
    await provider.shutdown()
    trace.disable()
    context.disable()
  }
}
