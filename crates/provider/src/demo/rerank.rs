//! Reranking in the shape that Cohere, Jina, vLLM and others share: texts are
//! as relevant as they share words with the query.

use serde_json::{Value, json};

use super::{
    embeddings::{DIMENSIONS, embed},
    refusal::Refusal,
    request::Request,
    words,
};

pub(super) fn answer(request: &Request, id: &str) -> Result<Value, Refusal> {
    let model = request.model(&["demo-rerank"])?;
    let query = request.text("query")?;
    let documents = request.required("documents")?.as_array();
    let documents: Vec<&str> = documents
        .and_then(|documents| documents.iter().map(text).collect::<Option<_>>())
        .ok_or_else(|| Refusal::wrong_type("documents", "an array of strings"))?;
    if documents.is_empty() {
        return Err(Refusal::wrong_value("documents", "hold at least one text"));
    }
    let most = request.positive("top_n")?.and_then(|most| usize::try_from(most).ok()).unwrap_or(documents.len());
    let wanted = embed(query, DIMENSIONS);
    let score = |text: &str| {
        let found: f32 = embed(text, DIMENSIONS).iter().zip(&wanted).map(|(a, b)| a * b).sum();
        (f64::from(found.clamp(0.0, 1.0)) * 10_000.0).round() / 10_000.0
    };
    let mut scored: Vec<(usize, f64)> = documents.iter().map(|text| score(text)).enumerate().collect();
    scored.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let shows = request.flag("return_documents")?;
    let results: Vec<Value> = scored
        .into_iter()
        .take(most)
        .map(|(index, score)| {
            let mut result = json!({"index": index, "relevance_score": score});
            if let (true, Some(text), Some(result)) = (shows, documents.get(index), result.as_object_mut()) {
                result.insert("document".to_owned(), json!({"text": text}));
            }
            result
        })
        .collect();
    let tokens: u64 = words::count(query) + documents.iter().map(|text| words::count(text)).sum::<u64>();
    Ok(json!({
        "id": format!("rerank-{id}"),
        "model": model,
        "results": results,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }))
}

fn text(document: &Value) -> Option<&str> {
    document.as_str().or_else(|| document.get("text")?.as_str())
}
