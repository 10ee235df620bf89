package io.narthex.service.push;

import io.narthex.spi.config.Setting;
import java.time.Duration;
import java.util.List;

/**
 * {@code push:} of {@code narthex.yml}.
 *
 * @param maxBytes estimated, of all groups together
 * @param maxBodyBytes of a body once it is decompressed
 */
public record PushSettings(
    @Setting(
            help =
                "Whether a push that does not fit the other groups is refused; without, it is"
                    + " answered with 202, as with --push.disable-consistency-check",
            defaultValue = "true")
        boolean consistencyCheck,
    @Setting(
            help =
                "Whether names may be any UTF-8, and names in paths are unescaped, as with"
                    + " --push.enable-utf8-names",
            defaultValue = "false")
        boolean utf8Names,
    @Setting(
            help =
                "Whether PUT /api/v1/admin/wipe removes all groups, as with"
                    + " --web.enable-admin-api of the Pushgateway",
            defaultValue = "false")
        boolean adminApi,
    @Setting(help = "Maximum number of groups", unit = "groups", defaultValue = "100000", min = 1)
        int maxGroups,
    @Setting(
            help = "Maximum estimated memory of all groups",
            unit = "bytes",
            defaultValue = "67108864",
            min = 1)
        long maxBytes,
    @Setting(
            help = "Maximum size of a body once it is decompressed",
            unit = "bytes",
            defaultValue = "16777216",
            min = 1,
            max = 1073741824)
        long maxBodyBytes,
    @Setting(
            help =
                "How long groups are kept after their last push, the first entry whose matchers"
                    + " match counts; a push with the header Narthex-Push-TTL goes before")
        List<TimeToLive> timeToLive) {
  /** What counts when the file says nothing. */
  public static final PushSettings DEFAULT =
      new PushSettings(true, false, false, 100_000, 64L << 20, 16L << 20, List.of());

  /** Copies the list. */
  public PushSettings {
    timeToLive = List.copyOf(timeToLive);
  }

  /**
   * How long groups of some labels are kept.
   *
   * @param matchers in the syntax of Alertmanager; all must match the labels of a group
   */
  public record TimeToLive(
      @Setting(help = "Matchers of the group's labels, as in a route of Alertmanager")
          List<String> matchers,
      @Setting(help = "Time since the last push after which the group goes", min = 1)
          Duration ttl) {
    /** Copies the list. */
    public TimeToLive {
      matchers = List.copyOf(matchers);
    }
  }
}
