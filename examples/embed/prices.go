package main

import (
	"encoding/json"
	"net/http"

	"github.com/tuttisync/tutti"
)

// price is what the application publishes.
type price struct {
	Symbol string  `json:"symbol"`
	Price  float64 `json:"price"`
}

const maxPriceBytes = 1 << 10

// setPrice tells everyone who watches a price, and answers its position when it
// is durable.
func setPrice(srv *tutti.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var p price
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxPriceBytes)).Decode(&p); err != nil || p.Symbol == "" {
			http.Error(w, "a price is {symbol, price}", http.StatusBadRequest)
			return
		}
		position, err := srv.Publish(r.Context(), pricesTopic, tutti.Message{Name: "stock-update", Data: p})
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		answer(w, position)
	})
}

// latestPrice answers the newest price, or waits for the first.
func latestPrice(srv *tutti.Server) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for entry, err := range srv.Read(r.Context(), pricesTopic, tutti.Last(1)) {
			if err != nil {
				http.Error(w, err.Error(), http.StatusServiceUnavailable)
				return
			}
			answer(w, json.RawMessage(entry.Data))
			return
		}
	})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the reader may have gone
}
