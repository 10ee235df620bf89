package io.narthex.core.check;

import io.narthex.config.alertmanager.OriginalReceivers;
import io.narthex.config.yaml.FileNames;
import io.narthex.config.yaml.FilePatterns;
import io.narthex.config.yaml.SecretKeys;
import io.narthex.config.yaml.YamlReader;
import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * {@code narthex check secrets}: finds the files with secrets that a configuration is or refers to,
 * and those of them that every user of the machine can read or write.
 */
public final class SecretFiles {
  private final StringBuilder out = new StringBuilder();
  private final Set<Path> checked = new HashSet<>();
  private final Set<Path> configurations = new LinkedHashSet<>();
  private int secrets;
  private int open;
  private int unreadable;

  private SecretFiles() {}

  /**
   * Checks configuration files of any kind, and their {@code scrape_config_files}.
   *
   * @param data the data folder, or null
   */
  public static Verdict check(List<Path> files, @org.jspecify.annotations.Nullable Path data) {
    SecretFiles all = new SecretFiles();
    all.configurations.addAll(files);
    while (!all.configurations.isEmpty()) {
      Path file = all.configurations.iterator().next();
      all.configurations.remove(file);
      all.configuration(file);
    }
    if (data != null) {
      all.out.append("Checking ").append(data).append('\n');
      for (String name : List.of("narthex/admin.token", "narthex/tokens.json")) {
        if (Files.exists(data.resolve(name))) {
          all.file(data.resolve(name), "in the data folder");
        }
      }
    }
    if (all.open == 0 && all.unreadable == 0) {
      all.out
          .append("  SUCCESS: ")
          .append(all.secrets)
          .append(" files with secrets, none of which others can read\n");
    }
    return new Verdict(all.open + all.unreadable == 0 ? 0 : 1, all.out.toString().stripTrailing());
  }

  private void configuration(Path file) {
    out.append("Checking ").append(file).append('\n');
    ConfigNode root;
    try {
      root = YamlReader.read(file.toString(), YamlReader.text(file));
    } catch (IOException | ConfigException e) {
      unreadable++;
      String problem =
          e instanceof ConfigException
              ? e.getMessage()
              : file + ": cannot be read: " + e.getMessage();
      out.append("  FAILED: ").append(problem).append('\n');
      return;
    }
    List<String> inside = new ArrayList<>();
    walk(root, "", inside);
    if (!inside.isEmpty()) {
      file(file, "holds " + inside.getFirst());
    }
  }

  private void walk(ConfigNode node, String key, List<String> inside) {
    switch (node) {
      case Mapping m -> {
        for (Entry e : m.entries()) {
          boolean users = e.key().equals("basic_auth_users") && e.value() instanceof Mapping;
          if (users && !((Mapping) e.value()).entries().isEmpty()) {
            inside.add(e.key() + " at " + e.keyPlace());
          }
          walk(e.value(), e.key(), inside);
        }
      }
      case Sequence s -> {
        for (ConfigNode item : s.items()) {
          if (key.equals("scrape_config_files") && item instanceof Scalar glob) {
            configurations.addAll(
                FilePatterns.expand(FileNames.within(glob.place().file(), glob.text())));
          }
          walk(item, key, inside);
        }
      }
      case Scalar s -> scalar(s, key, inside);
    }
  }

  private void scalar(Scalar s, String key, List<String> inside) {
    if (s.kind() == Scalar.Kind.NULL || s.text().isEmpty()) {
      return;
    }
    String named = key.endsWith("_file") ? key.substring(0, key.length() - "_file".length()) : "";
    if (!named.isEmpty()) {
      if (isSecret(named)) {
        file(Path.of(FileNames.within(s.place().file(), s.text())), key + " at " + s.place());
      }
    } else if (isSecret(key) || !SecretKeys.shownUrl(s.text()).equals(s.text())) {
      inside.add((key.isEmpty() ? "a secret" : key) + " at " + s.place());
    }
  }

  /** Returns whether a key holds a secret; {@code key} and {@code url} do in files of their own. */
  private static boolean isSecret(String key) {
    return (SecretKeys.looksSecret(key) && !OriginalReceivers.isNoSecret(key))
        || key.equals("key")
        || key.equals("url");
  }

  private void file(Path file, String why) {
    if (!checked.add(file.toAbsolutePath().normalize())) {
      return;
    }
    secrets++;
    Set<PosixFilePermission> mode;
    try {
      mode = Files.getPosixFilePermissions(file);
    } catch (IOException | UnsupportedOperationException e) {
      unreadable++;
      boolean absent = !Files.exists(file);
      out.append("  FAILED: ")
          .append(file)
          .append(absent ? ": no such file (" : ": its mode cannot be read (")
          .append(why)
          .append(")\n");
      return;
    }
    if (mode.contains(PosixFilePermission.OTHERS_READ)
        || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
      open++;
      out.append("  FAILED: ")
          .append(file)
          .append(": others can ")
          .append(mode.contains(PosixFilePermission.OTHERS_READ) ? "read" : "write")
          .append(" it, mode ")
          .append(PosixFilePermissions.toString(mode))
          .append(" (")
          .append(why)
          .append("); chmod o-rw\n");
    }
  }
}
