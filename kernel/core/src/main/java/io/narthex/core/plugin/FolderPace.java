package io.narthex.core.plugin;

import java.time.Duration;

/**
 * How the folder of users' plugins is watched.
 *
 * @param scan pause between two looks
 * @param quiet how long a file may not change before it counts as complete
 * @param grace how long a file that vanished may take to come back
 */
record FolderPace(Duration scan, Duration quiet, Duration grace) {
  static FolderPace usual(Duration grace) {
    return new FolderPace(Duration.ofMillis(200), Duration.ofMillis(400), grace);
  }
}
