package io.narthex.core.config;

import io.narthex.spi.config.ConfigException;
import io.narthex.spi.config.ConfigNode.Place;
import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;

/**
 * The discoveries of Prometheus, and the keys of blocks. A block of a known kind waits for its
 * plugin; a name that nearly equals a known one is a typo.
 */
public final class OriginalNames {
  /** Discoveries, as in {@code <name>_sd_configs}; and {@code static}. */
  public static final Set<String> DISCOVERIES =
      Set.of(
          "aws",
          "azure",
          "consul",
          "digitalocean",
          "dns",
          "docker",
          "dockerswarm",
          "ec2",
          "ecs",
          "elasticache",
          "eureka",
          "file",
          "gce",
          "hetzner",
          "http",
          "ionos",
          "kubernetes",
          "kuma",
          "lightsail",
          "linode",
          "marathon",
          "msk",
          "nerve",
          "nomad",
          "oci",
          "openstack",
          "outscale",
          "ovhcloud",
          "puppetdb",
          "rds",
          "scaleway",
          "serverset",
          "stackit",
          "static",
          "triton",
          "uyuni",
          "vultr");

  private OriginalNames() {}

  /** Returns the key of a discovery's blocks. */
  public static String discoveryKey(String type) {
    return type.equals("static") ? "static_configs" : type + "_sd_configs";
  }

  /** Returns the key of a receiver's blocks. */
  public static String receiverKey(String type) {
    return type + "_configs";
  }

  /**
   * Refuses a key without plugin that nearly equals a known one.
   *
   * @param known keys that plugins have or had, or that the originals know
   * @throws ConfigException with the key that may be meant
   */
  public static void refuseTypo(String key, Place place, Collection<String> known) {
    if (known.contains(key)) {
      return;
    }
    int nameLength = key.replaceFirst("(_sd)?_configs$", "").length();
    for (String candidate : new TreeSet<>(known)) {
      int distance = distance(key, candidate);
      // two edits make a different name of one with five letters, not a typo
      if (distance <= 2 && 3 * distance <= nameLength) {
        throw new ConfigException(
            place + ": field " + key + " not found; did you mean \"" + candidate + "\"?");
      }
    }
  }

  /**
   * Returns the edit distance: letters left out, added, changed, or swapped with their neighbour.
   */
  private static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + same);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
