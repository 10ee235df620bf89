package io.narthex.exporter.jvm;

import io.narthex.exporter.jvm.jmx.RuleFile;
import io.narthex.exporter.jvm.jmx.RuleFileReader;
import io.narthex.spi.config.ConfigException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The rules of a module, which are read again when their file changes. Thread-safe. */
final class RuleSource {
  private static final Logger LOG = LoggerFactory.getLogger(RuleSource.class);
  private static final long LARGEST = 1 << 20;

  /** What a file was like when it was read. */
  private record State(FileTime modified, long size) {}

  private final String name;
  private final @Nullable Path path;
  private RuleFile rules; // guarded by this
  private @Nullable State state; // guarded by this
  private long reloads; // guarded by this
  private long failedReloads; // guarded by this

  /** Rules and how often they were read again. */
  record Current(RuleFile rules, long reloads, long failedReloads) {}

  /**
   * Reads the rules.
   *
   * @param name of the file as configured; empty: every attribute by one rule
   * @throws ConfigException when they cannot be used
   */
  RuleSource(String name) {
    this.name = name;
    try {
      path = name.isEmpty() ? null : Path.of(name);
    } catch (InvalidPathException e) {
      throw new ConfigException("rules_file: no file can have this name: " + e.getMessage(), e);
    }
    if (path == null) {
      rules = RuleFileReader.read("no rule file", "", System::getenv);
      return;
    }
    try {
      state = stat(path);
      rules = read(path, state);
    } catch (NoSuchFileException e) {
      throw new ConfigException("rules_file: there is no file " + path, e);
    } catch (IOException e) {
      throw new ConfigException("rules_file: " + path + " cannot be read: " + e.getMessage(), e);
    }
    for (String key : rules.ignored()) {
      LOG.warn("{} is not known and has no effect", key);
    }
    rules.mistakes().forEach(LOG::warn);
  }

  private static State stat(Path path) throws IOException {
    return new State(Files.getLastModifiedTime(path), Files.size(path));
  }

  private RuleFile read(Path from, State found) throws IOException {
    if (found.size() > LARGEST) {
      throw new IOException("a rule file has at most " + LARGEST + " bytes, got " + found.size());
    }
    return RuleFileReader.read(
        name, Files.readString(from, StandardCharsets.UTF_8), System::getenv);
  }

  /** Returns the rules; those of before when the file cannot be used any more. */
  synchronized Current current() {
    if (path != null) {
      State found = null;
      try {
        found = stat(path);
        if (!found.equals(state)) {
          rules = read(path, found);
          reloads++;
        }
        state = found;
      } catch (IOException | ConfigException e) {
        if (!Objects.equals(found, state)) {
          failedReloads++;
          LOG.warn("{} has changed and is not used: {}", name, e.getMessage());
        }
        state = found; // so that one change is one failure
      }
    }
    return new Current(rules, reloads, failedReloads);
  }
}
