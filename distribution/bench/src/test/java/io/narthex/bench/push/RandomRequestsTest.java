package io.narthex.bench.push;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;

final class RandomRequestsTest {
  private static final int MANY = 5_000;
  private static final int LONGEST_MESSAGE = 1 << 20;

  private static List<Request> requests(long seed) {
    RandomRequests random = new RandomRequests(new Dice(seed));
    List<Request> requests = new ArrayList<>();
    for (int i = 0; i < MANY; i++) {
      requests.add(random.next());
    }
    return requests;
  }

  @Test
  void theSameSeedGivesTheSameRequests() {
    assertThat(requests(7).toString()).isEqualTo(requests(7).toString());
    assertThat(requests(7).toString()).isNotEqualTo(requests(8).toString());
  }

  @Test
  void allKindsComeAndGroupsComeAgain() {
    Set<String> kinds = new HashSet<>();
    Map<String, Integer> paths = new HashMap<>();
    for (Request request : requests(1)) {
      kinds.add(request.kind());
      paths.merge(request.path(), 1, Integer::sum);
    }
    assertThat(kinds)
        .contains(
            "text", "text, spoilt", "protobuf", "protobuf, spoilt", "empty", "push, wrong path")
        .contains("delete", "delete, wrong path", "text, gzip", "text, gzip cut off")
        .contains("text, snappy", "text, identity", "protobuf, gzip");
    assertThat(paths.get("/metrics/job/alpha")).isGreaterThan(MANY / 20);
  }

  /** A length of gigabytes would end the process of the original. */
  @Test
  void lengthsOfMessagesAreNeverHuge() throws IOException {
    for (Request request : requests(2)) {
      if (request.headers().getOrDefault("Content-Type", "").equals(ProtoBody.CONTENT_TYPE)
          && !request.headers().containsKey("Content-Encoding")) {
        ByteArrayInputStream in = new ByteArrayInputStream(request.body());
        while (in.available() > 0) {
          long length = varint(in);
          assertThat(length).isLessThan(LONGEST_MESSAGE);
          in.readNBytes((int) length);
        }
      }
    }
  }

  private static long varint(ByteArrayInputStream in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      int next = in.read();
      value |= (long) (next & 0x7f) << shift;
      if (next < 0x80) {
        return value;
      }
    }
  }

  @Test
  void compressedBodiesAreWhatTheyClaim() throws IOException {
    int read = 0;
    for (Request request : requests(3)) {
      if (request.kind().equals("text, gzip")) {
        byte[] body = new GZIPInputStream(new ByteArrayInputStream(request.body())).readAllBytes();
        assertThat(new String(body, UTF_8)).contains(" ");
        read++;
      }
    }
    assertThat(read).isGreaterThan(MANY / 50);
  }

  @Test
  void aRequestIsPrintedInFull() {
    Request request =
        new Request(
            "text",
            "PUT",
            "/metrics/job/x",
            Map.of("Content-Type", "a/b"),
            "ä\"\\\n".getBytes(UTF_8));
    assertThat(request)
        .hasToString(
            "text: PUT /metrics/job/x, Content-Type: a/b, 5 bytes: \"\\xc3\\xa4\\\"\\\\\\n\"");
    assertThat(new String(request.head(), UTF_8))
        .isEqualTo(
            "PUT /metrics/job/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: a/b\r\n"
                + "Content-Length: 5\r\nConnection: close\r\n\r\n");
  }
}
