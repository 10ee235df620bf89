package io.narthex.core.config;

import io.narthex.spi.config.ConfigNode;
import io.narthex.spi.config.ConfigNode.Entry;
import io.narthex.spi.config.ConfigNode.Mapping;
import io.narthex.spi.config.ConfigNode.Scalar;
import io.narthex.spi.config.ConfigNode.Sequence;
import java.util.List;

/** Compares parts of configuration files without the places where they are written. */
public final class SameContent {
  private SameContent() {}

  /** Returns whether two parts of files have the same content, wherever they are. */
  public static boolean of(ConfigNode a, ConfigNode b) {
    if (a == b) {
      return true;
    }
    return switch (a) {
      case Scalar x -> b instanceof Scalar y && x.kind() == y.kind() && x.text().equals(y.text());
      case Sequence x -> b instanceof Sequence y && sameItems(x.items(), y.items());
      case Mapping x -> b instanceof Mapping y && sameEntries(x.entries(), y.entries());
    };
  }

  private static boolean sameItems(List<ConfigNode> a, List<ConfigNode> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!of(a.get(i), b.get(i))) {
        return false;
      }
    }
    return true;
  }

  private static boolean sameEntries(List<Entry> a, List<Entry> b) {
    if (a.size() != b.size()) {
      return false;
    }
    for (int i = 0; i < a.size(); i++) {
      if (!a.get(i).key().equals(b.get(i).key()) || !of(a.get(i).value(), b.get(i).value())) {
        return false;
      }
    }
    return true;
  }

  /** Returns a hash that parts with the same content share. */
  static int hash(ConfigNode node) {
    int hash = 1;
    switch (node) {
      case Scalar s -> hash = s.text().hashCode();
      case Sequence s -> {
        for (ConfigNode item : s.items()) {
          hash = 31 * hash + hash(item);
        }
      }
      case Mapping m -> {
        for (Entry e : m.entries()) {
          hash = 31 * (31 * hash + e.key().hashCode()) + hash(e.value());
        }
      }
    }
    return hash;
  }
}
