package ${package};

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.model.Matcher;
import io.narthex.spi.storage.AppendResult;
import io.narthex.spi.storage.Storage;
import io.narthex.spi.storage.StorageContext;
import io.narthex.testkit.storage.StorageKit;
import io.narthex.testkit.storage.StoredSeries;
import io.narthex.testkit.swap.PluginSwap;
import java.time.Duration;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

/** The kit's checks for every storage, and those of this one. */
class ${className}StorageTest extends StorageKit {
  @Override
  protected Storage open(StorageContext context) {
    return new ${className}StorageProvider()
        .open(new ${className}Config(Duration.ofHours(2)), context);
  }

  /** Return true once samples are in files: the kit opens the storage again and looks for them. */
  @Override
  protected boolean isPersistent() {
    return false;
  }

  @Test
  @Override
  @Disabled("keeps no exemplars, as the README says")
  protected void keepsExemplars() {}

  @Test
  @Override
  @Disabled("keeps no exemplars, as the README says")
  protected void refusesOldAndLongExemplars() {}

  @Test
  void forgetsWhatIsPastTheRetention() {
    append(up("old"), T0, 1);
    append(up("a"), T0 + 7_200_001, 2);
    assertThat(all(Matcher.equal("__name__", "up")))
        .containsExactly(StoredSeries.floats(up("a"), T0 + 7_200_001, 2));
    assertThat(append(up("late"), T0, 1)).isEqualTo(AppendResult.OUT_OF_BOUNDS);
  }

  @Test
  void samplesOfTheNewVersionAreThereAndNothingStays() {
    PluginSwap.swap(${className}StorageProvider.class).losesNoSample(false);
  }
}
