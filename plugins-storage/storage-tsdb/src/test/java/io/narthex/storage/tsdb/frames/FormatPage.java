package io.narthex.storage.tsdb.frames;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The examples of the page about the format, so that tests keep them true. */
public final class FormatPage {
  private static final Path PAGE = Path.of("../../distribution/docs/formats/tsdb-2.md");
  private static final Pattern ROW =
      Pattern.compile("^ {0,5}(?<offset>[0-9]+) {2}(?<bytes>[0-9a-f]+(?: [0-9a-f]+)*)(?: {2,}.*)?");

  private FormatPage() {}

  /**
   * Returns the bytes of a file that the page shows, in hex, and checks the offsets of its rows.
   */
  public static String example(String file) {
    String page;
    try {
      page = Files.readString(PAGE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Matcher intro =
        Pattern.compile("`" + Pattern.quote(file) + "` has (?<size>[0-9]+) bytes").matcher(page);
    assertThat(intro.find()).as("%s has an example of %s", PAGE, file).isTrue();
    int begin = page.indexOf("```\n", intro.end()) + 4;
    StringBuilder hex = new StringBuilder();
    for (String line : page.substring(begin, page.indexOf("```", begin)).split("\n", -1)) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        assertThat(hex.length() / 2).as(line).isEqualTo(Integer.parseInt(row.group("offset")));
        hex.append(row.group("bytes").replace(" ", ""));
      }
    }
    assertThat(hex.length() / 2)
        .as("bytes of %s", file)
        .isEqualTo(Integer.parseInt(intro.group("size")));
    return hex.toString();
  }
}
