package io.narthex.config.alertmanager;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.config.yaml.YamlReader;
import io.narthex.spi.config.Setting;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The receivers of Alertmanager as data, from {@code receivers.yml}: used for a receiver while its
 * plugin does not run. While it runs, the plugin's own declarations are used.
 */
public final class OriginalReceivers {
  /** The file. */
  record Data(@Setting(help = "Receivers by type") Map<String, Receiver> receivers) {}

  /** One receiver. */
  record Receiver(
      @Setting(help = "Whether a block may be empty") boolean mayBeEmpty,
      @Setting(help = "Keys of a block that are hidden") List<String> secrets,
      @Setting(help = "Its keys in global:") Map<String, GlobalKey> global) {}

  /** One key in {@code global:}. */
  record GlobalKey(
      @Setting(name = "default", help = "Shown when the key is absent") String shownDefault,
      @Setting(help = "Whether it is no secret although its name looks like one")
          boolean noSecret) {}

  private static final Map<String, Receiver> ALL = read();
  private static final Map<String, GlobalKey> GLOBAL = globals();

  private OriginalReceivers() {}

  private static Map<String, Receiver> read() {
    String name = "receivers.yml";
    try (InputStream in = OriginalReceivers.class.getResourceAsStream(name)) {
      byte[] text = Objects.requireNonNull(in, name).readAllBytes();
      return ConfigBinder.bind(
              YamlReader.read(name, new String(text, StandardCharsets.UTF_8)), Data.class)
          .receivers();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, GlobalKey> globals() {
    Map<String, GlobalKey> all = new LinkedHashMap<>();
    ALL.values().forEach(r -> all.putAll(r.global()));
    return Collections.unmodifiableMap(all);
  }

  /** Returns the types, as in {@code <type>_configs}. */
  public static Set<String> types() {
    return ALL.keySet();
  }

  /** Returns the keys in {@code global:} of all receivers, in Alertmanager's order. */
  public static Set<String> globalKeys() {
    return GLOBAL.keySet();
  }

  /** Returns what Alertmanager shows in {@code global:} for an absent key; null: nothing. */
  public static @Nullable String shownDefault(String globalKey) {
    GlobalKey key = GLOBAL.get(globalKey);
    return key == null || key.shownDefault().isEmpty() ? null : key.shownDefault();
  }

  /** Returns whether a key in {@code global:} holds no secret although its name looks like one. */
  public static boolean isNoSecret(String globalKey) {
    GlobalKey key = GLOBAL.get(globalKey);
    return key != null && key.noSecret();
  }

  /** Returns whether Alertmanager accepts an empty block of a type. */
  public static boolean mayBeEmpty(String type) {
    Receiver receiver = ALL.get(type);
    return receiver != null && receiver.mayBeEmpty();
  }

  /** Returns the keys of a block that are hidden although their names do not look secret. */
  public static List<String> secrets(String type) {
    Receiver receiver = ALL.get(type);
    return receiver == null ? List.of() : receiver.secrets();
  }
}
