package io.narthex.query;

import io.narthex.promql.PromqlParser;
import io.narthex.query.context.QueryContext;
import io.narthex.query.context.QueryMemory;
import io.narthex.query.context.QueryTurns;
import io.narthex.service.query.QueryException;
import io.narthex.service.query.QueryException.Kind;
import java.util.function.Consumer;

/**
 * Admits work: it waits for a turn, runs on a platform thread, see {@link QueryThreads}, and starts
 * over when there is no memory for it, see {@link QueryMemory}, or no turn for a long query, see
 * {@link QueryTurns}. Parsing for calls that evaluate nothing has turns of its own, one per core.
 * Thread-safe.
 */
final class QueryAdmission {
  private final QueryTurns queries;
  private final QueryTurns parsers;
  private final QueryMemory memory;
  private final QueryThreads threads;
  private final Consumer<Refusal> refusals;

  /** Work that needs a turn and memory. */
  interface Work<T> {
    /** Does the work; called again from the start when it has to wait on the way. */
    T run(Admitted admitted);
  }

  /**
   * What admitted work runs with. Stops a parser at the deadline or an interrupt, and requests the
   * memory that it needs.
   */
  record Admitted(long deadlineNanos, QueryMemory.Share share, QueryTurns.Turn turn)
      implements PromqlParser.Progress {
    @Override
    public void begin(int tokens) {
      share.require((long) tokens * PromqlParser.BYTES_PER_TOKEN);
      check();
    }

    @Override
    public void check() {
      QueryContext.checkNow(deadlineNanos, "query preparation");
      turn.check();
    }
  }

  /**
   * Creates it.
   *
   * @param maxConcurrent queries at a time
   * @param refusals receives the reason for each query that a limit refuses
   */
  QueryAdmission(int maxConcurrent, QueryMemory memory, Consumer<Refusal> refusals) {
    this.memory = memory;
    this.refusals = refusals;
    int cores = Runtime.getRuntime().availableProcessors();
    queries = new QueryTurns(maxConcurrent, cores);
    parsers = new QueryTurns(cores, cores);
    threads = new QueryThreads();
  }

  QueryMemory memory() {
    return memory;
  }

  /** Ends the threads when they are idle; no more work is accepted. */
  void stop() {
    threads.stop();
  }

  /**
   * Runs a query.
   *
   * @throws QueryException when it exceeds a limit, or is interrupted or times out while it waits
   */
  <T> T query(QueryTurns.Lane lane, long deadlineNanos, Work<T> work) {
    return admit(queries, lane, deadlineNanos, work);
  }

  /**
   * Parses without evaluating.
   *
   * @throws QueryException as for {@link #query}
   */
  <T> T parse(long deadlineNanos, Work<T> work) {
    return admit(parsers, QueryTurns.Lane.INSTANT, deadlineNanos, work);
  }

  private <T> T admit(QueryTurns turns, QueryTurns.Lane first, long deadline, Work<T> work) {
    QueryMemory.Share share = memory.open();
    QueryTurns.Lane lane = first;
    try {
      while (true) {
        long needed = 0;
        try (QueryTurns.Turn turn = turns.await(lane, deadline)) {
          Admitted admitted = new Admitted(deadline, share, turn);
          return threads.run(() -> work.run(admitted));
        } catch (QueryTurns.NotShort e) {
          lane = QueryTurns.Lane.LONG;
        } catch (QueryMemory.Shortage e) {
          needed = e.needed;
        } catch (QueryMemory.TooLarge e) {
          refusals.accept(Refusal.MEMORY);
          throw QueryContext.failed(QueryContext.TOO_MANY);
        } catch (QueryContext.TooManySamples e) {
          refusals.accept(Refusal.SAMPLES);
          throw QueryContext.failed(QueryContext.TOO_MANY);
        }
        share.close();
        share = needed == 0 ? memory.open() : memory.await(needed, deadline);
      }
    } catch (QueryMemory.TimedOut e) {
      refusals.accept(Refusal.QUEUE);
      throw new QueryException(Kind.TIMEOUT, "query timed out in query queue");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QueryException(Kind.CANCELED, "query was canceled in query queue");
    } finally {
      share.close();
    }
  }
}
