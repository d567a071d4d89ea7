let name = 'tollgate';

/** The service of this process, as logs, spans and metrics name it. Set once by `startTelemetry`. */
export const serviceName = (): string => name;

export const setServiceName = (value: string): void => {
  name = value;
};
