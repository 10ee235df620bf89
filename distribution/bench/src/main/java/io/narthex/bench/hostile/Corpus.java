package io.narthex.bench.hostile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/** Inputs of the conformance cases; without that data, the few given here. */
final class Corpus {
  private static final int LONGEST = 2_000;
  private static final int MOST = 2_000;

  private final Path folder;

  Corpus() {
    String shared = System.getenv("NARTHEX_SHARED");
    folder = Path.of(shared == null ? "../shared" : shared, "conformance");
  }

  /** Returns texts as bytes, and the files below a folder of the data whose names end so. */
  List<byte[]> files(String below, String suffix, String... more) {
    List<byte[]> out = texts(more);
    try (Stream<Path> walk =
        Files.isDirectory(folder) ? Files.walk(folder.resolve(below)) : none()) {
      for (Path file : (Iterable<Path>) walk.sorted()::iterator) {
        if (file.toString().endsWith(suffix)
            && Files.isRegularFile(file)
            && Files.size(file) <= LONGEST
            && out.size() < MOST) {
          out.add(Files.readAllBytes(file));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out;
  }

  private static Stream<Path> none() {
    return Stream.empty();
  }

  /** Returns texts as bytes, and the values of a key anywhere in the JSON files of a folder. */
  List<byte[]> values(String below, String key, String... more) {
    List<byte[]> out = texts(more);
    try (Stream<Path> walk =
        Files.isDirectory(folder) ? Files.list(folder.resolve(below)) : none()) {
      for (Path file : (Iterable<Path>) walk.sorted()::iterator) {
        if (file.toString().endsWith(".json")) {
          for (JsonNode value : new ObjectMapper().readTree(file.toFile()).findValues(key)) {
            if (value.isTextual() && value.asText().length() <= LONGEST && out.size() < MOST) {
              out.add(
                  key.endsWith("base64")
                      ? Base64.getMimeDecoder().decode(value.asText())
                      : value.asText().getBytes(StandardCharsets.UTF_8));
            }
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out;
  }

  static List<byte[]> texts(String... texts) {
    List<byte[]> out = new ArrayList<>();
    for (String text : texts) {
      out.add(text.getBytes(StandardCharsets.UTF_8));
    }
    return out;
  }
}
