package playground

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type published struct {
	topic, name string
	data        map[string]any
}

func TestRun_publishes_prices_until_it_is_told_to_stop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*every+every/2)
		defer cancel()
		var got []published
		Run(ctx, func(_ context.Context, topic, name string, data any) error {
			text, err := json.Marshal(data)
			if err != nil {
				t.Fatal(err)
			}
			p := published{topic: topic, name: name}
			if err := json.Unmarshal(text, &p.data); err != nil {
				t.Fatal(err)
			}
			got = append(got, p)
			return errors.New("the store is full")
		})
		if len(got) != 4 {
			t.Fatalf("published %d entries, want 2 of each stock", len(got))
		}
		for i, symbol := range []string{"APP", "WEB", "APP", "WEB"} {
			p := got[i]
			if p.topic != "stocks:"+symbol || p.name != "stock-update" || p.data["symbol"] != symbol {
				t.Errorf("entry %d is %+v, want an update of %s", i, p, symbol)
			}
			if price, ok := p.data["price"].(float64); !ok || price <= 0 || len(p.data) != 2 {
				t.Errorf("entry %d has data %v, want a symbol and a price", i, p.data)
			}
		}
	})
}

func TestStock_stays_near_its_opening_price(t *testing.T) {
	s := newStock("APP", 180)
	moved := 0
	for range int(24 * time.Hour / every) {
		before := s.Price
		s.move()
		if s.Price != before {
			moved++
		}
		if s.Price < 90 || s.Price > 360 {
			t.Fatalf("the price went from 180 to %v", s.Price)
		}
	}
	if moved < 1000 {
		t.Fatalf("the price moved %d times in a day", moved)
	}
}
