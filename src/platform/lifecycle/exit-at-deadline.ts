import { type Logger } from 'pino';

/**
 * After SIGTERM or SIGINT the process is gone within `timeoutMs`, whatever still holds it: an orchestrator would kill
 * it then without a line in the log.
 */
export function exitAtDeadline(timeoutMs: number, logger: Logger): void {
  const arm = (signal: NodeJS.Signals) => {
    logger.info(`${signal}: shutting down`);
    setTimeout(() => {
      logger.fatal(`not drained ${timeoutMs} ms after ${signal}: exiting`);
      process.exit(1);
    }, timeoutMs).unref();
  };
  process.once('SIGTERM', arm);
  process.once('SIGINT', arm);
}
