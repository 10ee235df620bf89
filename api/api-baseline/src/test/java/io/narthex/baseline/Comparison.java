package io.narthex.baseline;

import aQute.bnd.differ.Baseline;
import aQute.bnd.differ.DiffPluginImpl;
import aQute.bnd.header.Parameters;
import aQute.bnd.osgi.Instructions;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.Processor;
import aQute.bnd.service.diff.Delta;
import aQute.bnd.service.diff.Diff;
import aQute.bnd.service.diff.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** bnd's comparison of two states of a module, in words for the one whose build it fails. */
final class Comparison {
  private static final String RULES = "distribution/docs/decisions/0012-api-baseline.md";

  private Comparison() {}

  /**
   * Compares exported packages.
   *
   * @param module for messages, for example {@code api-spi}
   * @param before jar or folder of classes, with a manifest
   * @param now jar or folder of classes, with a manifest
   * @return what is wrong, one text per package; empty when the versions say what has changed
   */
  static List<String> faults(String module, Path before, Path now) throws Exception {
    List<String> faults = new ArrayList<>();
    try (Processor processor = new Processor();
        Jar older = new Jar(before.toFile());
        Jar newer = new Jar(now.toFile())) {
      Baseline baseline = new Baseline(processor, new DiffPluginImpl());
      for (Baseline.Info info :
          baseline.baseline(newer, older, new Instructions(new Parameters("*"))).stream()
              .sorted(Comparator.comparing(i -> i.packageName))
              .toList()) {
        if (info.packageDiff.getDelta() == Delta.REMOVED) {
          faults.add(
              module
                  + ": package "
                  + info.packageName
                  + " is not exported any more; plugins that import it would not start. Bring it back");
        } else if (info.mismatch) {
          faults.add(describe(module, info));
        }
      }
    }
    return faults;
  }

  private static String describe(String module, Baseline.Info info) {
    StringBuilder text = new StringBuilder();
    text.append(module)
        .append(": package ")
        .append(info.packageName)
        .append(" has ")
        .append(
            info.packageDiff.getDelta() == Delta.MAJOR
                ? "changed so that plugins built before break"
                : "more than before")
        .append(":");
    describe(info.packageDiff, info.packageName, text);
    text.append("\n  its version must be at least ")
        .append(info.suggestedVersion)
        .append(", got ")
        .append(info.newerVersion)
        .append(info.packageDiff.getDelta() == Delta.MAJOR ? "; undo the change, or" : ";")
        .append(" raise @Version in its package-info.java, see ")
        .append(RULES);
    return text.toString();
  }

  /** Lists the members that were added, removed or changed. */
  private static void describe(Diff diff, String within, StringBuilder text) {
    for (Diff child : diff.getChildren()) {
      Delta delta = child.getDelta();
      if (delta == Delta.UNCHANGED
          || delta == Delta.IGNORED
          || child.getType() == Type.VERSION
          || child.getType() == Type.PARAMETER) {
        continue;
      }
      String name =
          child.getName().startsWith(within) ? child.getName() : within + "." + child.getName();
      boolean leaf =
          delta == Delta.ADDED || delta == Delta.REMOVED || child.getChildren().isEmpty();
      if (leaf) {
        text.append("\n  ")
            .append(delta.toString().toLowerCase(Locale.ROOT))
            .append(' ')
            .append(child.getType().toString().toLowerCase(Locale.ROOT))
            .append(' ')
            .append(name);
      } else {
        describe(child, name, text);
      }
    }
  }
}
