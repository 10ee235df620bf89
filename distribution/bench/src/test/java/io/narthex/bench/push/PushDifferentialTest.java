package io.narthex.bench.push;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class PushDifferentialTest {
  /** Shows what was pushed last to each job, as it was pushed. */
  private static class FakeSide implements Side {
    final TreeMap<String, String> bodies = new TreeMap<>();
    int status = 200;

    @Override
    public String name() {
      return "fake";
    }

    @Override
    public Reply send(Request request) throws IOException {
      if (!request.push()) {
        String plain = request.path().replace("job@base64/Yg", "job/b");
        bodies.remove(plain.substring(plain.lastIndexOf('/') + 1));
        return new Reply(202, "");
      }
      if (status == 200) {
        bodies.put(
            request.path().substring(request.path().lastIndexOf('/') + 1),
            new String(request.body(), UTF_8));
      }
      return new Reply(status, "");
    }

    @Override
    public Reply exposition() {
      return new Reply(200, String.join("", bodies.values()));
    }

    @Override
    public Reply groups() {
      StringBuilder data = new StringBuilder();
      for (String job : bodies.keySet()) {
        data.append(data.isEmpty() ? "" : ",");
        data.append("{\"labels\":{\"job\":\"").append(job).append("\"}}");
      }
      return new Reply(200, "{\"status\":\"success\",\"data\":[" + data + "]}");
    }

    @Override
    public void restart() {}

    @Override
    public void close() {}
  }

  private static Request push(String body) {
    return new Request("text", "PUT", "/metrics/job/b", Map.of(), body.getBytes(UTF_8));
  }

  private static Request delete() {
    return new Request("delete", "DELETE", "/metrics/job/b", Map.of(), new byte[0]);
  }

  private static PushDifferential differential(FakeSide original, FakeSide other) {
    return new PushDifferential(original, other, 1, false, Duration.ofMillis(200));
  }

  @Test
  void serversThatDoTheSameAgree() throws IOException, InterruptedException {
    PushDifferential differential = differential(new FakeSide(), new FakeSide());
    differential.send(1, push("a 1\n"));
    differential.send(2, push("a 2\n"));
    differential.send(3, delete());
    assertThat(differential.mismatches()).isEmpty();
  }

  @Test
  void anotherStatusAndWhatIsShownThenIsOneMismatchAndGroupsAreDeleted()
      throws IOException, InterruptedException {
    FakeSide original = new FakeSide();
    FakeSide other = new FakeSide();
    other.status = 400;
    PushDifferential differential = differential(original, other);
    differential.send(7, push("a 1\n"));
    assertThat(differential.mismatches())
        .singleElement()
        .asString()
        .contains("MISMATCH at step 7: text: PUT /metrics/job/b, 4 bytes: \"a 1\\n\"")
        .contains("status 200 / 400", "a{}: [1.0] / []", "group {job=\"b\"} is on one side only");
    assertThat(original.bodies).isEmpty();
  }

  @Test
  void aDeletionMayTakeAMoment() throws IOException, InterruptedException {
    FakeSide late =
        new FakeSide() {
          private int looks;

          @Override
          public Reply exposition() {
            return looks++ < 3 ? new Reply(200, "a 1\n") : super.exposition();
          }
        };
    PushDifferential differential = differential(late, new FakeSide());
    differential.send(1, delete());
    assertThat(differential.mismatches()).isEmpty();
  }

  @Test
  void aGroupThatSilencesTheOriginalIsDeletedOnBothSides()
      throws IOException, InterruptedException {
    FakeSide silent =
        new FakeSide() {
          @Override
          public Reply exposition() {
            return bodies.isEmpty() ? super.exposition() : new Reply(500, "invalid");
          }
        };
    FakeSide other = new FakeSide();
    PushDifferential differential = differential(silent, other);
    differential.send(1, push("a 1\n"));
    assertThat(differential.mismatches()).isEmpty();
    assertThat(other.bodies).isEmpty();
  }

  @Test
  void anotherHelpTextThanAnyGroupHasIsAMismatch() throws IOException, InterruptedException {
    FakeSide other =
        new FakeSide() {
          @Override
          public Reply exposition() {
            return new Reply(200, super.exposition().body().replace("one", "none"));
          }
        };
    PushDifferential differential = differential(new FakeSide(), other);
    differential.send(1, push("# HELP a one\n# TYPE a gauge\na 1\n"));
    assertThat(differential.mismatches())
        .singleElement()
        .asString()
        .contains("help of a: one / none");
  }

  @Test
  void aServerThatIsGoneEndsTheRunWithTheRequest() {
    FakeSide gone =
        new FakeSide() {
          @Override
          public Reply send(Request request) throws IOException {
            throw new IOException("Connection refused");
          }
        };
    assertThatThrownBy(() -> differential(new FakeSide(), gone).send(4, push("a 1\n")))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("fake gave no answer at step 4 to text: PUT /metrics/job/b")
        .hasMessageEndingWith("Connection refused");
  }

  @Test
  void aServerWithoutGroupsEndsTheRun() {
    FakeSide other =
        new FakeSide() {
          @Override
          public Reply groups() {
            return new Reply(404, "not found");
          }
        };
    assertThatThrownBy(() -> differential(new FakeSide(), other).send(1, push("a 1\n")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("fake answers Reply[status=404, body=not found] when asked");
  }
}
