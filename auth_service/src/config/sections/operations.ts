import type { Config, TelemetryConfig } from '../config.ts';
import { keyValuePairs } from '../parsers/keys.ts';
import { port } from '../parsers/network.ts';
import { choice, text, word, yesOrNo } from '../parsers/plain.ts';
import { baseUrl } from '../parsers/urls.ts';
import type { Reading } from '../reading.ts';
import { type Section, type ValuesOf, variable } from '../variable.ts';

export const operationsSection = {
  title: 'Metrics and tracing',
  about: 'Metrics for Prometheus; traces by OpenTelemetry, under its own names.',
  variables: {
    metricsPort: variable({
      name: 'METRICS_PORT',
      parser: port,
      example: '9090',
      description: 'Port of its own for `/metrics`.',
    }),
    metricsToken: variable({
      name: 'METRICS_TOKEN',
      parser: text('a random token of at least 16 characters'),
      secrecy: 'secret',
      example: 'your_metrics_token',
      description:
        'Bearer token that `/metrics` asks for. In production either this or METRICS_PORT opens it.',
    }),
    isOff: variable({
      name: 'OTEL_SDK_DISABLED',
      parser: yesOrNo,
      default: 'false',
      description: 'Switches tracing off.',
    }),
    endpoint: variable({
      name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      parser: baseUrl('the URL of a collector, such as http://collector:4318'),
      example: 'http://collector:4318',
      description: 'Collector that traces are sent to. Unset: no tracing.',
    }),
    protocol: variable({
      name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
      parser: choice('grpc', 'http/protobuf', 'http/json'),
      default: 'http/protobuf',
      description: 'How they are sent: grpc, http/protobuf or http/json.',
    }),
    headers: variable({
      name: 'OTEL_EXPORTER_OTLP_HEADERS',
      parser: keyValuePairs,
      secrecy: 'secret',
      example: 'authorization=your_collector_token',
      description: 'Headers for the collector, as `name=value` by comma.',
    }),
    serviceName: variable({
      name: 'OTEL_SERVICE_NAME',
      parser: text('a name'),
      default: 'paservices-auth',
      description: 'Name of this service in traces.',
    }),
    resourceAttributes: variable({
      name: 'OTEL_RESOURCE_ATTRIBUTES',
      parser: keyValuePairs,
      default: '',
      example: 'service.namespace=paservices',
      description: 'Further attributes of this service, as `name=value` by comma.',
    }),
    sampler: variable({
      name: 'OTEL_TRACES_SAMPLER',
      parser: word('the name of a sampler, such as parentbased_traceidratio'),
      default: 'parentbased_always_on',
      description: 'Which traces are kept.',
    }),
    samplerArgument: variable({
      name: 'OTEL_TRACES_SAMPLER_ARG',
      parser: word('the argument of the sampler, such as 0.1'),
      example: '0.1',
      description: 'Argument of the sampler, such as the share of traces that a ratio sampler keeps.',
    }),
  },
} satisfies Section;

const { variables } = operationsSection;
type OperationsValues = ValuesOf<typeof operationsSection>;
const LEAST_TOKEN_LENGTH = 16;

export function assembleMetrics(
  values: OperationsValues,
  servicePort: number,
  reading: Reading,
): Config['metrics'] {
  const { metricsPort, metricsToken } = values;
  if (metricsPort === 0 && reading.isProduction) {
    reading.fault(variables.metricsPort, 'is 0, which takes any free port.', 'Name the port.');
  } else if (metricsPort === servicePort && servicePort !== 0) {
    const remedy = 'Choose another port, or unset it and set METRICS_TOKEN.';
    reading.fault(variables.metricsPort, 'is the same as PORT.', remedy);
  }
  if (metricsToken !== null && reading.isProduction && metricsToken.length < LEAST_TOKEN_LENGTH) {
    const problem = `has fewer than ${LEAST_TOKEN_LENGTH} characters.`;
    reading.fault(variables.metricsToken, problem, `Set it to ${variables.metricsToken.parser.form}.`);
  }
  return { port: metricsPort, token: metricsToken };
}

export function assembleTelemetry(values: OperationsValues): TelemetryConfig | null {
  if (values.isOff || values.endpoint === null) return null;
  return {
    endpoint: values.endpoint,
    protocol: values.protocol,
    headers: values.headers ?? {},
    serviceName: values.serviceName,
    resourceAttributes: values.resourceAttributes,
    sampler: values.sampler,
    samplerArgument: values.samplerArgument,
  };
}
