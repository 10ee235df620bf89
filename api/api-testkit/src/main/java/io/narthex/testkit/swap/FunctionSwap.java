package io.narthex.testkit.swap;

import io.narthex.spi.function.FunctionProvider;
import io.narthex.spi.function.PromqlFunction;
import io.narthex.testkit.function.FunctionRunner;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Calls the functions of the previous version while the new one takes over; running calls may
 * finish.
 */
final class FunctionSwap implements PluginSwap.Kind {
  private static final long T0 = 1_700_000_000_000L;

  private final PluginSwap swap;

  FunctionSwap(PluginSwap swap) {
    this.swap = swap;
  }

  @Override
  public void swap(PluginVersion previous, PluginVersion next, Path folder, Findings findings)
      throws Exception {
    List<PromqlFunction> before = functions(previous);
    CountDownLatch running = new CountDownLatch(1);
    CountDownLatch swapped = new CountDownLatch(1);
    Thread query =
        new Thread(
            () -> {
              try {
                call(previous, before, findings);
                running.countDown();
                swapped.await();
                call(
                    previous, before,
                    findings); // a query finishes with the version it started with
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "query");
    query.setDaemon(true);
    query.start();
    try {
      if (!running.await(swap.patience().toMillis(), TimeUnit.MILLISECONDS)) {
        findings.add("calls of the previous version's functions do not return");
      }
      List<PromqlFunction> now = functions(next);
      List<String> names = now.stream().map(PromqlFunction::name).toList();
      for (PromqlFunction f : before) {
        if (!names.contains(f.name()) && !swap.mayGo(f.name())) {
          findings.add("function lost: the new version has no " + f.name() + "()");
        }
      }
      call(next, now, findings);
    } finally {
      swapped.countDown();
    }
    query.join(swap.drain().toMillis());
    if (query.isAlive()) {
      query.interrupt();
      findings.add("calls of the previous version's functions do not return after the swap");
    }
  }

  private static List<PromqlFunction> functions(PluginVersion version) throws Exception {
    FunctionProvider provider = version.provider(FunctionProvider.class);
    return version.call(provider::functions);
  }

  private static void call(
      PluginVersion version, List<PromqlFunction> functions, Findings findings) {
    for (PromqlFunction f : functions) {
      FunctionRunner runner = FunctionRunner.of(f, T0, T0 + 60_000);
      for (PromqlFunction.ArgumentType type : f.arguments()) {
        switch (type) {
          case SCALAR -> runner.scalar(0.5);
          case STRING -> runner.text("a");
          case VECTOR -> runner.vector(1, 2);
          case MATRIX ->
              runner.matrix(
                  90_000, new long[] {T0 - 60_000, T0, T0 + 60_000}, new double[] {1, 2, 4});
        }
      }
      try {
        version.call(runner::run);
      } catch (Exception | LinkageError | AssertionError e) {
        findings.add(
            f.name() + "() of the " + version.label() + " threw " + PluginSwap.describe(e));
      }
    }
  }
}
