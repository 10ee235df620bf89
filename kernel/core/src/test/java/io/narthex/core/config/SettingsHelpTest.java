package io.narthex.core.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.narthex.config.settings.SettingKey;
import io.narthex.config.settings.SettingKey.ValueType;
import io.narthex.config.settings.SettingKey.ValueType.Plain;
import io.narthex.service.config.AccessConfig;
import io.narthex.spi.config.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What the settings of {@code narthex.yml}, and of sections bound here, say of themselves. */
class SettingsHelpTest {
  private static final List<Class<? extends Record>> RECORDS =
      List.of(
          NarthexConfig.class,
          AccessConfig.class,
          WebSection.Web.class,
          OtherSections.Otlp.class,
          OtherSections.Tracing.class);

  /** Types whose values have a unit of their own, as {@code 10s} and {@code 512MB} do. */
  private static final Set<Plain> WITHOUT_UNIT = Set.of(Plain.INT, Plain.LONG, Plain.NUMBER);

  private record Key(String path, ValueType type, Setting setting) {}

  private static List<Key> keys() {
    List<Key> out = new ArrayList<>();
    RECORDS.forEach(r -> collect(r.getSimpleName(), r, out));
    return out;
  }

  private static void collect(String path, Class<? extends Record> type, List<Key> into) {
    if (type.getName().startsWith("io.narthex.spi.")) {
      return; // shared with plugins, and described there
    }
    for (SettingKey key : SettingKey.of(type)) {
      into.add(new Key(path + "." + key.name(), key.type(), key.setting()));
      ValueType inner = key.type();
      while (!(inner instanceof Plain)) {
        if (inner instanceof ValueType.ListOf list) {
          inner = list.item();
        } else if (inner instanceof ValueType.MapOf map) {
          inner = map.value();
        } else {
          if (inner instanceof ValueType.Block block) {
            collect(path + "." + key.name(), block.record(), into);
          }
          break;
        }
      }
    }
  }

  @Test
  void everySettingSaysWhatItIsFor() {
    assertThat(keys()).hasSizeGreaterThan(40);
    assertThat(keys()).allSatisfy(k -> assertThat(k.setting().help()).as(k.path()).isNotBlank());
  }

  @Test
  void everyNumberHasAUnitUnlessItsTypeHas() {
    assertThat(keys())
        .filteredOn(k -> k.type() instanceof Plain plain && WITHOUT_UNIT.contains(plain))
        .hasSizeGreaterThan(4)
        .allSatisfy(k -> assertThat(k.setting().unit()).as("unit of %s", k.path()).isNotBlank());
  }

  @Test
  void everyNumberDurationAndSizeOfNarthexYmlHasABound() {
    assertThat(keys())
        .filteredOn(k -> k.path().startsWith("NarthexConfig."))
        .filteredOn(k ->
            k.type() instanceof Plain plain
                && (WITHOUT_UNIT.contains(plain) || plain == Plain.DURATION || plain == Plain.SIZE))
        .hasSizeGreaterThan(10)
        .allSatisfy(k -> assertThat(k.setting().min()).as("least %s", k.path()).isFinite());
  }
}
