package io.narthex.core.config;

import io.narthex.config.yaml.ConfigBinder;
import io.narthex.service.config.AccessConfig;
import io.narthex.service.config.WebListener;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Sequence;
import io.narthex.spi.config.Setting;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads {@code web:} of {@code narthex.yml}. */
final class WebSection {
  /** A listener has two threads. */
  private static final int MAX_LISTENERS = 8;

  private static final Pattern ADDRESS =
      Pattern.compile("(\\[[0-9A-Fa-f:.%a-z]+]|[^\\s:\\[\\]/]*):([0-9]{1,5})", 0);

  private WebSection() {}

  /** The block. */
  record Web(
      @Setting(help = "Additional addresses to listen on, at most 8, each with rules of its own")
          List<Entry> listeners,
      @Setting(
              help =
                  "Whether the server asks itself a few queries after its start, so that the first"
                      + " ones of its users are quick; read at the start only",
              defaultValue = "true")
          boolean warmUp) {}

  /** An entry without its position. */
  record Entry(
      @Setting(help = "Address to listen on, host:port", required = true) String address,
      @Setting(
              help =
                  "File in the format of --web.config.file with TLS, users, headers and limits of"
                      + " this listener; default: that of --web.config.file",
              file = true)
          String webConfigFile,
      @Setting(
              help =
                  "Paths that are served: all, or alertmanager, pushgateway or node_exporter for"
                      + " those of that program",
              defaultValue = "all")
          WebListener.Serves serves,
      @Setting(help = "compatible or strict; default: access.mode", optional = true)
          AccessConfig.@Nullable Mode access) {}

  /** Returns whether the server warms up. */
  static boolean warmUp(Mapping block) {
    return ConfigBinder.bind(block, Web.class).warmUp();
  }

  /**
   * Returns the listeners of a block.
   *
   * @throws ConfigException with the position of the error
   */
  static List<WebListener> read(Mapping block) {
    List<Entry> entries = ConfigBinder.bind(block, Web.class).listeners();
    if (!(block.get("listeners") instanceof Sequence nodes)) {
      return List.of();
    }
    if (entries.size() > MAX_LISTENERS) {
      throw new ConfigException(
          nodes.place()
              + ": web.listeners has at most "
              + MAX_LISTENERS
              + " entries, got "
              + entries.size());
    }
    List<WebListener> listeners = new ArrayList<>();
    for (int i = 0; i < entries.size(); i++) {
      Entry e = entries.get(i);
      ConfigNode node = nodes.items().get(i);
      ConfigNode address = node instanceof Mapping m ? m.get("address") : null;
      String place = (address == null ? node : address).place() + ": web.listeners[" + i + "]";
      Matcher m = ADDRESS.matcher(e.address());
      if (!m.matches() || Integer.parseInt(m.group(2)) > 65_535) {
        throw new ConfigException(
            place
                + ".address: must be host:port, got \""
                + e.address()
                + "\"; for example 127.0.0.1:9093");
      }
      boolean any = m.group(2).equals("0");
      if (!any && listeners.stream().anyMatch(l -> l.address().equals(e.address()))) {
        throw new ConfigException(
            place + ".address: \"" + e.address() + "\" is used by another entry already");
      }
      listeners.add(new WebListener(e.address(), e.webConfigFile(), e.serves(), e.access(), place));
    }
    return List.copyOf(listeners);
  }
}
