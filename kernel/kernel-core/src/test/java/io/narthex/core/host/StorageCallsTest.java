package io.narthex.core.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.narthex.core.host.ProviderRegistry.Kind;
import io.narthex.core.host.ProviderRegistry.Provider;
import io.narthex.model.Labels;
import io.narthex.service.plugins.PluginHealth;
import io.narthex.spi.storage.SampleTile;
import io.narthex.spi.storage.SeriesCursor;
import io.narthex.spi.storage.StorageException;
import org.junit.jupiter.api.Test;

class StorageCallsTest {
  private final PluginGuard guard = new PluginGuard();
  private final StorageCalls calls =
      new StorageCalls(guard, new Provider(Kind.STORAGE, "x", "p", new Object()));

  private PluginHealth.Calls figures(String operation) {
    return guard.metrics().calls("p").stream()
        .filter(c -> c.operation().equals(operation))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void errorsBecomeExceptionsThatCallersKnow() {
    assertThatThrownBy(() ->
            calls.append(() -> {
              throw new NoClassDefFoundError("gone");
            }))
        .isInstanceOf(StorageException.Failed.class)
        .hasMessage("storage `x` failed: java.lang.NoClassDefFoundError: gone");
    assertThatThrownBy(() ->
            calls.append(() -> {
              throw new OutOfMemoryError("x");
            }))
        .isInstanceOf(OutOfMemoryError.class);
    assertThatThrownBy(() ->
            calls.append(() -> {
              throw new StorageException.Closed("being replaced");
            }))
        .isInstanceOf(StorageException.Closed.class);
    assertThat(figures("append").calls()).isEqualTo(3);
    assertThat(figures("append").exceptions()).as("a closed storage is no fault").isEqualTo(2);
    assertThat(figures("append").inFlight()).isZero();
  }

  @Test
  void cursorIsInFlightUntilItIsClosedAndContained() {
    SeriesCursor cursor =
        calls.select(() ->
            new SeriesCursor() {
              @Override
              public boolean nextSeries() {
                return true;
              }

              @Override
              public Labels labels() {
                return Labels.EMPTY;
              }

              @Override
              public boolean nextTile(SampleTile tile) {
                throw new AssertionError("broken block");
              }

              @Override
              public void close() {}
            });
    assertThat(cursor.nextSeries()).isTrue();
    assertThat(figures("cursor").inFlight()).isEqualTo(1);
    assertThatThrownBy(() -> cursor.nextTile(new SampleTile(8)))
        .isInstanceOf(StorageException.Failed.class)
        .hasMessageContaining("broken block");
    cursor.close();
    cursor.close();
    assertThat(figures("cursor").inFlight()).isZero();
    assertThat(figures("cursor").exceptions()).isEqualTo(1);
    assertThat(figures("select").calls()).isEqualTo(1);
  }
}
