package io.narthex.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class AnswerTest {
  private static Answer answer(String data) throws IOException {
    return read("{'status':'success','data':" + data + ",'infos':['b'],'warnings':['a']}");
  }

  private static Answer read(String json) throws IOException {
    byte[] bytes = json.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    return Answer.read(new ByteArrayInputStream(bytes));
  }

  private static String matrix(String... series) {
    return "{'resultType':'matrix','result':[" + String.join(",", series) + "]}";
  }

  @Test
  void ordersOfSeriesAndLabelsDoNotMatter() throws IOException {
    String first = "{'metric':{'a':'1','b':'2'},'values':[[1.5,'1'],[2.5,'+Inf']]}";
    String second = "{'metric':{},'values':[[1.5,'NaN']]}";
    Answer x = answer(matrix(first, second));
    Answer y =
        answer(matrix(second, "{'values':[[1.5,'1.0'],[2.5,'+Inf']],'metric':{'b':'2','a':'1'}}"));
    assertThat(x.success()).isTrue();
    assertThat(x.annotations()).containsExactly("a", "b");
    assertThat(x.series()).hasSize(2);
    assertThat(Comparison.data(x, y)).isNull();
  }

  @Test
  void differencesAreNamed() throws IOException {
    Answer x = answer(matrix("{'metric':{'a':'1'},'values':[[1,'1'],[2,'3']]}"));
    assertThat(
            Comparison.data(
                x, answer(matrix("{'metric':{'a':'1'},'values':[[1,'1'],[2,'3.0001']]}"))))
        .isEqualTo("value at 2.0: 3.0 / 3.0001 of {a=1}");
    assertThat(Comparison.data(x, answer(matrix("{'metric':{'a':'1'},'values':[[1,'1']]}"))))
        .isEqualTo("number of points (2 / 1) of {a=1}");
    assertThat(Comparison.data(x, answer(matrix()))).isEqualTo("series (1 / 0)");
    assertThat(Comparison.data(x, answer("{'resultType':'vector','result':[]}")))
        .isEqualTo("result type");
  }

  @Test
  void histogramsAreCompared() throws IOException {
    String histogram =
        "{'metric':{},'histogram':[7,{'count':'5','sum':'%s','buckets':[[0,'1','2','5']]}]}";
    String vector = "{'resultType':'vector','result':[" + histogram + "]}";
    Answer x = answer(vector.formatted("9"));
    assertThat(Comparison.data(x, answer(vector.formatted("9.0")))).isNull();
    assertThat(Comparison.data(x, answer(vector.formatted("8"))))
        .isEqualTo("histogram at 7: sum \"9\" / \"8\" of {}");
  }

  @Test
  void scalarsTextsAndErrors() throws IOException {
    Answer one = answer("{'resultType':'scalar','result':[1,'1']}");
    assertThat(one.isEmpty()).isFalse();
    assertThat(Comparison.data(one, answer("{'resultType':'scalar','result':[1,'1.0']}"))).isNull();
    assertThat(Comparison.data(one, answer("{'resultType':'scalar','result':[1,'2']}")))
        .isEqualTo("value");
    assertThat(
            Comparison.data(
                answer("{'resultType':'string','result':[1,'x']}"),
                answer("{'resultType':'string','result':[1,'y']}")))
        .isEqualTo("value");
    Answer error = read("{'status':'error','errorType':'bad_data','error':'no'}");
    assertThat(error.success()).isFalse();
    assertThat(error.errorType()).isEqualTo("bad_data");
    assertThat(error.isEmpty()).isTrue();
  }
}
